//! The findings, for people and for programs.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};
use zipster_policy::{Findings, Maker, Need, RoleFindings, Verdict};

use crate::style::{ERROR, GOOD, QUIET, STRONG};

/// One JSON object. docs/policy.md describes it.
pub fn json(findings: &Findings) -> Value {
    json!({
        "covered": findings.is_covered(),
        "scenarios": findings.scenarios,
        "failed": findings.failed,
        "strangers": findings.strangers,
        "roles": findings.roles,
    })
}

/// For people: a table and a policy for each role, and a last line that sums it up.
pub fn text(findings: &Findings) {
    anstream::print!("{}", written(findings));
}

fn written(findings: &Findings) -> String {
    let mut text = String::new();
    for role in &findings.roles {
        of_role(&mut text, role);
    }
    for stranger in &findings.strangers {
        let (error, reset) = (ERROR.render(), ERROR.render_reset());
        let _ = writeln!(
            text,
            "{error}MISSING{reset}  the role {stranger} made calls, and no function of the stack runs \
             with it\n"
        );
    }
    for scenario in &findings.failed {
        let (error, reset) = (ERROR.render(), ERROR.render_reset());
        let _ = writeln!(text, "{error}failed{reset}  {scenario}");
    }
    summary(&mut text, findings);
    text
}

/// A row of the table: a word, its colour, an action, a resource, and more about it.
struct Row {
    word: &'static str,
    colour: Style,
    action: String,
    resource: String,
    more: String,
}

fn of_role(text: &mut String, role: &RoleFindings) {
    let (strong, quiet, reset) = (STRONG.render(), QUIET.render(), STRONG.render_reset());
    let functions: Vec<&str> = role.functions.iter().map(|it| it.as_str()).collect();
    let functions = functions.join(", ");
    let _ = writeln!(text, "{strong}{functions}{reset} (role {})", role.role);
    let rows = rows(role);
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).len()).max().unwrap_or(0);
    let word_width = width(|row| row.word);
    let action_width = width(|row| &row.action);
    let resource_width = width(|row| &row.resource);
    for row in &rows {
        let (colour, end) = (row.colour.render(), row.colour.render_reset());
        let _ = writeln!(
            text,
            "  {colour}{:word_width$}{end}  {:action_width$}  {:resource_width$}  \
             {quiet}{}{reset}",
            row.word, row.action, row.resource, row.more
        );
    }
    for arn in &role.unknown_policies {
        let _ = writeln!(
            text,
            "  {arn} is attached, and what it says is not known here: what it grants counts as \
             missing"
        );
    }
    if role.denied_elsewhere > 0 {
        let _ = writeln!(
            text,
            "  {quiet}{} calls were denied in scenarios that alter the roles; the policies as \
             written allow them{reset}",
            role.denied_elsewhere
        );
    }
    match &role.policy {
        Some(policy) => {
            let _ = writeln!(
                text,
                "\nThe smallest policy for it:\n{}\n",
                policy.to_json()
            );
        }
        None => {
            let _ = writeln!(text, "\nNothing was needed of its policies.\n");
        }
    }
}

fn rows(role: &RoleFindings) -> Vec<Row> {
    let needed = role.needed.iter().map(need);
    let unused = role.never_used.iter().map(|it| Row {
        word: "never used",
        colour: STRONG,
        action: it.action.clone(),
        resource: it.resource.clone(),
        more: it.statement.clone(),
    });
    let wider = role.wider.iter().map(|it| {
        let uses: Vec<String> = it
            .used_for
            .iter()
            .map(|used| format!("{} on {}", used.action, used.resource))
            .collect();
        Row {
            word: "wider",
            colour: STRONG,
            action: it.action.clone(),
            resource: it.resource.clone(),
            more: format!("{}; used for {}", it.statement, uses.join(", ")),
        }
    });
    needed.chain(unused).chain(wider).collect()
}

fn need(need: &Need) -> Row {
    let (word, colour) = match need.verdict {
        Verdict::Granted | Verdict::GrantedByResource => ("granted", GOOD),
        Verdict::Denied => ("DENIED", ERROR),
        Verdict::Missing => ("MISSING", ERROR),
    };
    let count = need.scenarios.len();
    let mut more = match need.scenarios.first() {
        Some(only) if count == 1 => format!("in {only:?}"),
        Some(_) | None => format!("in {count} scenarios"),
    };
    if !need.made_by.contains(&Maker::Function) {
        more.push_str(", by Lambda for it");
    }
    match need.verdict {
        Verdict::Granted => {}
        Verdict::GrantedByResource | Verdict::Denied | Verdict::Missing => {
            let _ = write!(more, "; {}", need.reason);
        }
    }
    if let Some(example) = &need.example
        && *example != need.resource
    {
        let _ = write!(more, ", as for {example}");
    }
    Row {
        word,
        colour,
        action: need.action.clone(),
        resource: need.resource.clone(),
        more,
    }
}

fn summary(text: &mut String, findings: &Findings) {
    let needs = || findings.roles.iter().flat_map(|role| &role.needed);
    let granted = needs().filter(|it| it.verdict <= Verdict::GrantedByResource);
    let granted = granted.count();
    let lacking = needs().count() - granted;
    let unused: usize = findings.roles.iter().map(|it| it.never_used.len()).sum();
    let wider: usize = findings.roles.iter().map(|it| it.wider.len()).sum();
    let colour = match findings.is_covered() && findings.failed.is_empty() {
        true => GOOD,
        false => ERROR,
    };
    let (start, end) = (colour.render(), colour.render_reset());
    let _ = writeln!(
        text,
        "{start}{} scenarios{end}, {} failed: {granted} permissions needed and granted, {lacking} \
         missing or denied, {unused} granted and never used, {wider} wider than needed",
        findings.scenarios,
        findings.failed.len()
    );
    if unused > 0 {
        text.push_str(
            "Never used means: not by these scenarios, which do not show everything that a function \
             may need. Whether a grant can go is for you to judge.\n",
        );
    }
}
