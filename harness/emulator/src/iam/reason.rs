//! Why a call was allowed or refused, in one line for the journal.
//!
//! The caller of a refused operation reads AWS's message, which names no statement; whoever
//! debugs a stack reads this.

use zipster_iam::{Decision, Effect, Evaluation, Grounds, Outcome};
use zipster_names::RoleName;

/// The statement that decided; for a refusal that nothing allowed, what could have and why it
/// did not. `deleted` is the caller's role if it does not exist any more.
pub(super) fn reason(evaluation: &Evaluation, deleted: Option<&RoleName>) -> String {
    match &evaluation.decision {
        Decision::Allow {
            by: Grounds::AccountRoot,
        } => "the account's root user needs no policy".to_owned(),
        Decision::Allow {
            by: Grounds::Statement(statement),
        } => statement.to_string(),
        Decision::ExplicitDeny { by } => format!("{by} denies it"),
        Decision::ImplicitDeny { missing } => match (deleted, evaluation.trace.is_empty()) {
            (Some(role), true) => {
                format!("no {missing} allows it; the role {role} does not exist")
            }
            (Some(_) | None, _) => format!("no {missing} allows it; {}", looked_at(evaluation)),
        },
    }
}

/// The statements that allow something, those closest to the call in full and the others counted.
fn looked_at(evaluation: &Evaluation) -> String {
    let mut close = Vec::new();
    let mut others = 0;
    for seen in &evaluation.trace {
        match (seen.effect, &seen.outcome) {
            (Effect::Deny, _) => {}
            (Effect::Allow, Outcome::OtherPrincipal | Outcome::OtherAction) => others += 1,
            (
                Effect::Allow,
                Outcome::Matches { .. }
                | Outcome::OtherResource
                | Outcome::ConditionNotMet { .. }
                | Outcome::VariableMissing { .. },
            ) => close.push(format!("{} {}", seen.statement, seen.outcome)),
        }
    }
    match (close.is_empty(), others) {
        (true, 0) => "there are no statements that allow anything".to_owned(),
        (true, 1) => "the only statement is about other actions or principals".to_owned(),
        (true, others) => format!("all {others} statements are about other actions or principals"),
        (false, 0) => close.join("; "),
        (false, 1) => format!(
            "{}; 1 more is about other actions or principals",
            close.join("; ")
        ),
        (false, others) => format!(
            "{}; {others} more are about other actions or principals",
            close.join("; ")
        ),
    }
}
