//! Laws of evaluation, tried on many random policies. Every failure prints its seed.

use zipster_iam::{
    Action, Decision, NamedPolicy, Policies, Policy, PolicyKind, Principal, Request, Resource,
    evaluate,
};
use zipster_names::{AccountId, IamPath, RoleName};

const SEEDS: u64 = 2_000;

/// A small random number generator (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sides = u64::try_from(sides).expect("few sides");
        usize::try_from((z ^ (z >> 31)) % sides).expect("less than the sides")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for n in (1..items.len()).rev() {
            items.swap(n, self.roll(n + 1));
        }
    }

    /// One to three of these, as a JSON list.
    fn some(&mut self, from: &[&str]) -> String {
        let picked: Vec<String> = (0..=self.roll(3))
            .map(|_| format!("{:?}", self.pick(from)))
            .collect();
        format!("[{}]", picked.join(", "))
    }

    fn statement(&mut self, kind: PolicyKind) -> String {
        let effect = self.pick(&["Allow", "Allow", "Allow", "Deny"]);
        let action = self.pick(&["Action", "Action", "NotAction"]);
        let actions = self.some(&["s3:*", "s3:Get*", "s3:GetObject", "s3:Put*", "sns:*", "*"]);
        let resource = self.pick(&["Resource", "Resource", "NotResource"]);
        let resources = self.some(&[
            "*",
            "arn:aws:s3:::input/*",
            "arn:aws:s3:::input/${aws:username}/*",
            "arn:aws:s3:::*/a.csv",
            "arn:aws:s3:::load/*",
            "arn:aws:sns:*:*:t",
        ]);
        let condition = self.pick(&[
            "",
            "",
            r#", "Condition": {"Bool": {"aws:SecureTransport": "true"}}"#,
            r#", "Condition": {"StringNotEquals": {"aws:username": "carlos"}}"#,
            r#", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
        ]);
        let principal = match kind {
            PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => String::new(),
            PolicyKind::Resource | PolicyKind::Trust => {
                let principals = self.some(&[
                    "*",
                    "123456789012",
                    "222222222222",
                    "arn:aws:iam::123456789012:user/carlos",
                    "arn:aws:iam::123456789012:role/r",
                    "arn:aws:sts::222222222222:assumed-role/r/s",
                ]);
                format!(r#", "Principal": {{"AWS": {principals}}}"#)
            }
        };
        format!(
            r#"{{"Effect": "{effect}", "{action}": {actions}, "{resource}": {resources}{principal}{condition}}}"#
        )
    }

    fn statements(&mut self, kind: PolicyKind) -> Vec<String> {
        (0..self.roll(4)).map(|_| self.statement(kind)).collect()
    }

    /// The same, but never none.
    fn statements_of(&mut self, kind: PolicyKind) -> Vec<String> {
        let mut statements = self.statements(kind);
        statements.push(self.statement(kind));
        statements
    }

    fn request(&mut self) -> Request {
        let account = |id| AccountId::parse(id).expect("an account");
        let role = |id| Principal::AssumedRole {
            account: account(id),
            path: IamPath::default(),
            role: RoleName::parse("r").expect("a role"),
            session: "s".to_owned(),
        };
        let principal = match self.roll(6) {
            0 => Principal::Root {
                account: account("123456789012"),
            },
            1 => role("222222222222"),
            2 => Principal::User {
                account: account("123456789012"),
                path: IamPath::default(),
                name: "carlos".to_owned(),
            },
            3 => Principal::Anonymous,
            _ => role("123456789012"),
        };
        let action = self.pick(&["s3:GetObject", "s3:PutObject", "sns:Publish"]);
        let resource = self.pick(&[
            "arn:aws:s3:::input/a.csv",
            "arn:aws:s3:::input/carlos/a.csv",
            "arn:aws:s3:::load/b.csv",
            "arn:aws:sns:eu-west-1:123456789012:t",
        ]);
        let mut request = Request::new(
            principal,
            Action::parse(action).expect("an action"),
            Resource::new(resource, account("123456789012")),
        );
        if self.roll(2) == 0 {
            request.context.insert("aws:SecureTransport", "true");
        }
        let source = self.pick(&["10.1.2.3", "192.0.2.1"]);
        request.context.insert("aws:SourceIp", source);
        request
    }
}

/// A request and the statements of all policies about it.
#[derive(Clone)]
struct World {
    seed: u64,
    request: Request,
    identity: Vec<String>,
    session: Option<Vec<String>>,
    resource: Vec<String>,
    boundary: Option<Vec<String>>,
}

impl World {
    fn random(seed: u64) -> (Self, Dice) {
        let mut dice = Dice(seed);
        let world = Self {
            seed,
            request: dice.request(),
            identity: dice.statements(PolicyKind::Identity),
            session: (dice.roll(3) == 0).then(|| dice.statements(PolicyKind::Session)),
            resource: dice.statements(PolicyKind::Resource),
            boundary: (dice.roll(3) == 0).then(|| dice.statements_of(PolicyKind::Boundary)),
        };
        (world, dice)
    }

    /// Each list of statements as one policy, if there are any.
    fn decide(&self) -> Decision {
        let parse = |kind, statements: &[String]| {
            let statements = statements.join(", ");
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
            match Policy::parse(&text, kind) {
                Ok(policy) => NamedPolicy::new("p", policy),
                Err(errors) => panic!("seed {}: {text}\n{errors}", self.seed),
            }
        };
        let some =
            |kind, statements: &[String]| (!statements.is_empty()).then(|| parse(kind, statements));
        let identity = some(PolicyKind::Identity, &self.identity);
        let session = self
            .session
            .as_ref()
            .map(|statements| some(PolicyKind::Session, statements));
        let resource = some(PolicyKind::Resource, &self.resource);
        let boundary = self
            .boundary
            .as_ref()
            .and_then(|statements| some(PolicyKind::Boundary, statements));
        let policies = Policies {
            identity: identity.as_slice(),
            boundary: boundary.as_ref(),
            session: session.as_ref().map(Option::as_slice),
            resource: resource.as_ref(),
        };
        evaluate(&self.request, &policies).decision
    }

    fn lists(&mut self) -> Vec<(PolicyKind, &mut Vec<String>)> {
        let mut lists = vec![
            (PolicyKind::Identity, &mut self.identity),
            (PolicyKind::Resource, &mut self.resource),
        ];
        lists.extend(
            self.session
                .iter_mut()
                .map(|list| (PolicyKind::Session, list)),
        );
        lists.extend(
            self.boundary
                .iter_mut()
                .map(|list| (PolicyKind::Boundary, list)),
        );
        lists
    }
}

/// A decision without the statement that it cites.
fn gist(decision: &Decision) -> String {
    match decision {
        Decision::Allow { .. } => "allow".to_owned(),
        Decision::ExplicitDeny { .. } => "explicit deny".to_owned(),
        Decision::ImplicitDeny { missing } => format!("no {missing}"),
    }
}

/// A statement that covers every request, with the principals that its kind of policy wants.
fn sweeping(effect: &str, kind: PolicyKind) -> String {
    let principal = match kind {
        PolicyKind::Identity | PolicyKind::Boundary | PolicyKind::Session => "",
        PolicyKind::Resource | PolicyKind::Trust => r#", "Principal": "*""#,
    };
    format!(r#"{{"Effect": "{effect}", "Action": "*", "Resource": "*"{principal}}}"#)
}

#[test]
fn the_random_worlds_have_decisions_of_all_kinds() {
    let mut seen: Vec<String> = (0..SEEDS)
        .map(|seed| gist(&World::random(seed).0.decide()))
        .collect();
    seen.sort();
    seen.dedup();
    assert_eq!(
        seen,
        [
            "allow",
            "explicit deny",
            "no identity-based policy",
            "no permissions boundary",
            "no resource-based policy",
            "no session policy",
        ]
    );
}

#[test]
fn a_boundary_never_gives_anything() {
    let mut taken = 0;
    for seed in 0..SEEDS {
        let (mut world, mut dice) = World::random(seed);
        world.boundary = None;
        let before = world.decide();
        world.boundary = Some(dice.statements_of(PolicyKind::Boundary));
        let after = world.decide();
        if matches!(after, Decision::Allow { .. }) {
            assert!(matches!(before, Decision::Allow { .. }), "seed {seed}");
        } else if matches!(before, Decision::Allow { .. }) {
            taken += 1;
        }
        // One that allows everything takes nothing.
        world.boundary = Some(vec![sweeping("Allow", PolicyKind::Boundary)]);
        assert_eq!(gist(&world.decide()), gist(&before), "seed {seed}");
    }
    assert!(taken > 100, "{taken}");
}

#[test]
fn a_deny_always_wins() {
    for seed in 0..SEEDS {
        let (world, mut dice) = World::random(seed);
        for place in 0..2 {
            let mut world = world.clone();
            let (kind, list) = world.lists().swap_remove(place);
            list.insert(dice.roll(list.len() + 1), sweeping("Deny", kind));
            assert_eq!(gist(&world.decide()), "explicit deny", "seed {seed}");
        }
    }
}

#[test]
fn an_unrelated_statement_changes_nothing() {
    for seed in 0..SEEDS {
        let (world, mut dice) = World::random(seed);
        let before = gist(&world.decide());
        let mut world = world;
        for (kind, list) in world.lists() {
            let effect = dice.pick(&["Allow", "Deny"]);
            let statement =
                sweeping(effect, kind).replace(r#""*", "Resource""#, r#""ec2:*", "Resource""#);
            list.insert(dice.roll(list.len() + 1), statement);
        }
        assert_eq!(gist(&world.decide()), before, "seed {seed}");
    }
}

#[test]
fn the_order_of_statements_does_not_matter() {
    for seed in 0..SEEDS {
        let (mut world, mut dice) = World::random(seed);
        let before = gist(&world.decide());
        for (_, list) in world.lists() {
            dice.shuffle(list);
        }
        assert_eq!(gist(&world.decide()), before, "seed {seed}");
    }
}

#[test]
fn allowing_more_never_takes_away_and_denying_more_never_gives() {
    for seed in 0..SEEDS {
        let (world, mut dice) = World::random(seed);
        let before = gist(&world.decide());
        let mut more = world.clone();
        for (kind, list) in more.lists() {
            let statement = dice.statement(kind);
            list.push(statement.replace(r#""Effect": "Deny""#, r#""Effect": "Allow""#));
        }
        let after = gist(&more.decide());
        if before == "allow" || before == "explicit deny" {
            assert_eq!(after, before, "seed {seed}: allowing more");
        }
        let mut less = world;
        for (kind, list) in less.lists() {
            let statement = dice.statement(kind);
            list.push(statement.replace(r#""Effect": "Allow""#, r#""Effect": "Deny""#));
        }
        let after = gist(&less.decide());
        assert!(
            after == before || after == "explicit deny",
            "seed {seed}: denying more"
        );
    }
}

#[test]
fn repeating_a_statement_changes_nothing() {
    for seed in 0..SEEDS {
        let (mut world, _) = World::random(seed);
        let before = gist(&world.decide());
        for (_, list) in world.lists() {
            list.extend(list.clone());
        }
        assert_eq!(gist(&world.decide()), before, "seed {seed}");
    }
}

#[test]
fn an_element_and_its_opposite_cover_everything_once() {
    for seed in 0..SEEDS {
        let (mut world, mut dice) = World::random(seed);
        let actions = dice.some(&["s3:*", "s3:Get*", "s3:?utObject", "sns:Publish"]);
        let allows = |world: &mut World, statement: String| {
            world.identity = vec![statement];
            world.session = None;
            world.boundary = None;
            world.resource = Vec::new();
            gist(&world.decide()) == "allow"
        };
        world.request.principal = Principal::User {
            account: AccountId::parse("123456789012").unwrap(),
            path: IamPath::default(),
            name: "carlos".to_owned(),
        };
        let positive = format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}"#);
        let negative = positive.replace("\"Action\"", "\"NotAction\"");
        let positive = allows(&mut world, positive);
        let negative = allows(&mut world, negative);
        assert_ne!(positive, negative, "seed {seed}: {actions}");
    }
}

#[test]
fn a_damaged_document_is_refused_or_read_but_never_a_panic() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let statements = [
            dice.statement(PolicyKind::Resource),
            dice.statement(PolicyKind::Resource),
        ];
        let statements = statements.join(", ");
        let mut text: Vec<char> =
            format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
                .chars()
                .collect();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(text.len());
            match dice.roll(3) {
                0 => drop(text.remove(at)),
                1 => text.insert(at, ['"', '$', '{', ':', '*', 'é'][dice.roll(6)]),
                _ => {
                    let other = dice.roll(text.len());
                    text.swap(at, other);
                }
            }
        }
        let text: String = text.into_iter().collect();
        for kind in [
            PolicyKind::Identity,
            PolicyKind::Resource,
            PolicyKind::Trust,
        ] {
            if let Err(errors) = Policy::parse(&text, kind) {
                assert!(errors.iter().count() > 0, "seed {seed}");
                assert!(!errors.to_string().is_empty(), "seed {seed}");
                assert!(!errors.aws_message().is_empty(), "seed {seed}");
            }
        }
    }
}
