//! Decisions that depend on the circumstances of a call.

use super::*;

/// Asks whether the statement of a policy with `condition` lets the role's session publish.
#[track_caller]
fn check_condition(condition: &str, context: &[(&str, String)], allowed: bool) {
    let core = Core::idle();
    let condition = format!(r#","Condition": {condition}"#);
    let allow = policy("Allow", "", "sns:Publish", "*", &condition);
    add_role(&core, TRUSTS_LAMBDA, &[&allow]);
    let request = Authorization {
        cause: cause(&core),
        action: "sns:Publish",
        resource: TOPIC,
        context,
        resource_policy: None,
    };
    let decided = core.authorize(&session(), &request);
    assert_eq!(decided.is_ok(), allowed, "{}", last_reason(&core));
}

#[test]
fn the_circumstances_of_a_call_can_be_conditions() {
    let equals = |key: &str, value: &str| format!(r#"{{"StringEquals": {{"{key}": "{value}"}}}}"#);
    let cases = [
        (
            r#"{"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#.to_owned(),
            false,
        ),
        (
            r#"{"Bool": {"aws:SecureTransport": "true"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"Bool": {"aws:ViaAWSService": "false"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}"#.to_owned(),
            true,
        ),
        (
            r#"{"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}"#.to_owned(),
            true,
        ),
        (equals("aws:userid", "AROAEXAMPLE:zipster-load"), true),
        (equals("aws:PrincipalTag/team", "data"), true),
        (equals("aws:PrincipalTag/team", "web"), false),
        (equals("aws:PrincipalArn", ROLE), true),
        (equals("aws:RequestedRegion", "us-east-1"), true),
        (equals("aws:RequestedRegion", "eu-west-1"), false),
    ];
    for (condition, allowed) in cases {
        check_condition(&condition, &[], allowed);
    }
    let all = r#"{"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}"#;
    let keys = |keys: &[&str]| -> Vec<(&'static str, String)> {
        keys.iter()
            .map(|key| ("aws:TagKeys", (*key).to_owned()))
            .collect()
    };
    check_condition(all, &keys(&["a", "b"]), true);
    check_condition(all, &keys(&["a", "c"]), false);
    check_condition(all, &keys(&["c", "a", "b"]), false);
}

#[test]
fn a_condition_on_a_key_that_is_never_set_is_pointed_out() {
    let unset = |condition: &str| {
        let core = Core::idle();
        let condition = format!(r#","Condition": {condition}"#);
        let allow = policy("Allow", "", "sns:Publish", "*", &condition);
        add_role(&core, TRUSTS_LAMBDA, &[&allow]);
        let request = Authorization {
            cause: cause(&core),
            action: "sns:Publish",
            resource: TOPIC,
            context: &[],
            resource_policy: None,
        };
        let _ = core.authorize(&session(), &request);
        let told = core.journal.snapshot().pop().unwrap().event.to_string();
        told.split_once("WARNING: ")
            .map(|(_, warning)| warning.to_owned())
    };
    assert_eq!(
        unset(r#"{"StringNotEquals": {"aws:Weather": "x", "sns:Protocol": "sms"}}"#).as_deref(),
        Some("the emulator never sets aws:Weather, sns:Protocol"),
    );
    // AWS would not set it either, so its absence is the truth.
    let network = r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#;
    assert_eq!(unset(network), None);
    assert_eq!(unset(r#"{"Bool": {"aws:SecureTransport": "false"}}"#), None);
}
