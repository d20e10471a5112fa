use super::*;

/// Sets `policy` on the body and asks about `body`.
#[track_caller]
fn check(policy: &str, body: &str, wanted: bool) {
    let parsed = FilterPolicy::parse(policy, Scope::MessageBody)
        .unwrap()
        .unwrap();
    assert_eq!(
        parsed.matches(Scope::MessageBody, body, &MessageAttributes::new()),
        wanted,
        "{policy} on {body}"
    );
}

#[track_caller]
fn refused(policy: &str, scope: Scope, message: &str) {
    let error = FilterPolicy::parse(policy, scope).unwrap_err();
    assert_eq!(error.to_string(), message, "{policy}");
}

fn attributes(all: &[(&str, &str, &str)]) -> MessageAttributes {
    all.iter()
        .map(|(name, data_type, value)| {
            let attribute = MessageAttribute {
                data_type: (*data_type).to_owned(),
                value: AttributeValue::Text((*value).to_owned()),
            };
            ((*name).to_owned(), attribute)
        })
        .collect()
}

#[test]
fn values_match_exactly_and_with_their_type() {
    check(r#"{"a": ["x", "y"]}"#, r#"{"a": "y"}"#, true);
    check(r#"{"a": ["x"]}"#, r#"{"a": "X"}"#, false);
    check(r#"{"a": ["x"]}"#, r#"{"b": "x"}"#, false);
    check(r#"{"a": [1]}"#, r#"{"a": 1.0}"#, true);
    check(r#"{"a": [1]}"#, r#"{"a": "1"}"#, false);
    check(r#"{"a": [null]}"#, r#"{"a": null}"#, true);
    check(r#"{"a": [null]}"#, "{}", false);
    check(r#"{"a": [true]}"#, r#"{"a": true}"#, true);
    check(r#"{"a": ["x"], "b": ["y"]}"#, r#"{"a": "x"}"#, false);
    check(
        r#"{"a": ["x"], "b": ["y"]}"#,
        r#"{"a": "x", "b": "y"}"#,
        true,
    );
}

#[test]
fn operators_on_text() {
    check(r#"{"a": [{"prefix": "ab"}]}"#, r#"{"a": "abc"}"#, true);
    check(r#"{"a": [{"prefix": "ab"}]}"#, r#"{"a": "cab"}"#, false);
    check(r#"{"a": [{"suffix": "bc"}]}"#, r#"{"a": "abc"}"#, true);
    check(r#"{"a": [{"suffix": "bc"}]}"#, r#"{"a": "bcd"}"#, false);
    check(
        r#"{"a": [{"equals-ignore-case": "tennis"}]}"#,
        r#"{"a": "TenNis"}"#,
        true,
    );
    check(
        r#"{"a": [{"wildcard": "in/*.csv"}]}"#,
        r#"{"a": "in/x/y.csv"}"#,
        true,
    );
    check(
        r#"{"a": [{"wildcard": "*a*b"}]}"#,
        r#"{"a": "xaybzb"}"#,
        true,
    );
    check(
        r#"{"a": [{"wildcard": "*a*b"}]}"#,
        r#"{"a": "xaybz"}"#,
        false,
    );
    check(r#"{"a": [{"wildcard": "1\\*2"}]}"#, r#"{"a": "1*2"}"#, true);
    check(
        r#"{"a": [{"wildcard": "1\\*2"}]}"#,
        r#"{"a": "132"}"#,
        false,
    );
    check(
        r#"{"a": [{"cidr": "10.0.0.0/24"}]}"#,
        r#"{"a": "10.0.0.255"}"#,
        true,
    );
    check(
        r#"{"a": [{"cidr": "10.0.0.0/24"}]}"#,
        r#"{"a": "10.0.1.0"}"#,
        false,
    );
    check(
        r#"{"a": [{"cidr": "0.0.0.0/0"}]}"#,
        r#"{"a": "1.2.3.4"}"#,
        true,
    );
    check(r#"{"a": [{"cidr": "::1/128"}]}"#, r#"{"a": "::1"}"#, true);
}

#[test]
fn numbers_lie_in_intervals() {
    let policy = r#"{"a": [{"numeric": [">", 0, "<=", 100]}]}"#;
    check(policy, r#"{"a": 0}"#, false);
    check(policy, r#"{"a": 99.12}"#, true);
    check(policy, r#"{"a": 100}"#, true);
    check(policy, r#"{"a": 100.1}"#, false);
    check(policy, r#"{"a": "50"}"#, false);
    check(
        r#"{"a": [{"numeric": ["=", -1.5]}]}"#,
        r#"{"a": -1.50}"#,
        true,
    );
    check(r#"{"a": [{"numeric": ["<", 5]}]}"#, r#"{"a": 5}"#, false);
    check(r#"{"a": [{"numeric": [">=", 5]}]}"#, r#"{"a": 5}"#, true);
}

#[test]
fn anything_but_wants_a_value_that_differs() {
    check(r#"{"a": [{"anything-but": "x"}]}"#, r#"{"a": "y"}"#, true);
    check(r#"{"a": [{"anything-but": "x"}]}"#, r#"{"a": "x"}"#, false);
    check(r#"{"a": [{"anything-but": "x"}]}"#, "{}", false);
    check(r#"{"a": [{"anything-but": [1, 2]}]}"#, r#"{"a": 3}"#, true);
    check(r#"{"a": [{"anything-but": [1, 2]}]}"#, r#"{"a": 2}"#, false);
    let prefix = r#"{"a": [{"anything-but": {"prefix": "order-"}}]}"#;
    check(prefix, r#"{"a": "order-1"}"#, false);
    check(prefix, r#"{"a": "data"}"#, true);
    let suffix = r#"{"a": [{"anything-but": {"suffix": [".tmp", "~"]}}]}"#;
    check(suffix, r#"{"a": "a.csv~"}"#, false);
    check(suffix, r#"{"a": "a.csv"}"#, true);
    let wildcard = r#"{"a": [{"anything-but": {"wildcard": "*ball"}}]}"#;
    check(wildcard, r#"{"a": "football"}"#, false);
    check(wildcard, r#"{"a": "rugby"}"#, true);
    // One element that differs is enough.
    check(
        r#"{"a": [{"anything-but": "x"}]}"#,
        r#"{"a": ["x", "y"]}"#,
        true,
    );
}

#[test]
fn keys_can_be_asked_for() {
    check(r#"{"a": [{"exists": true}]}"#, r#"{"a": 0}"#, true);
    check(r#"{"a": [{"exists": true}]}"#, r#"{"b": 0}"#, false);
    check(r#"{"a": [{"exists": false}]}"#, r#"{"b": 0}"#, true);
    check(r#"{"a": [{"exists": false}]}"#, r#"{"a": null}"#, false);
    check(r#"{"a": {"b": [{"exists": false}]}}"#, "{}", true);
}

#[test]
fn nested_bodies_arrays_and_alternatives() {
    let policy = r#"{"Records": {"s3": {"object": {"key": [{"prefix": "auto-"}]}}}}"#;
    check(
        policy,
        r#"{"Records": [{"s3": {"object": {"key": "x"}}}, {"s3": {"object": {"key": "auto-1"}}}]}"#,
        true,
    );
    check(policy, r#"{"Records": []}"#, false);
    check(policy, r#"{"Records": "auto-"}"#, false);
    let either = r#"{"source": ["s"], "$or": [{"a": [1]}, {"b": [2]}]}"#;
    check(either, r#"{"source": "s", "a": 1}"#, true);
    check(either, r#"{"source": "s", "b": 2}"#, true);
    check(either, r#"{"source": "s", "b": 1}"#, false);
    check(either, r#"{"a": 1}"#, false);
    check(r#"{"a": ["x"]}"#, "no JSON", false);
    check(r#"{"a": ["x"]}"#, r#"["x"]"#, false);
}

#[test]
fn attributes_match_by_their_type() {
    let all = attributes(&[
        ("status", "String", "failed"),
        ("step", "Number", "2"),
        (
            "interests",
            "String.Array",
            r#"["soccer", "rugby", 7, null]"#,
        ),
        ("price", "Number.float", "1.5"),
    ]);
    let cases = [
        (r#"{"status": ["failed"]}"#, true),
        (r#"{"status": ["succeeded"]}"#, false),
        (r#"{"step": [2]}"#, true),
        (r#"{"step": ["2"]}"#, false),
        (r#"{"step": [{"numeric": [">=", 2]}]}"#, true),
        (r#"{"price": [{"numeric": ["=", 1.5]}]}"#, true),
        (r#"{"interests": ["rugby"]}"#, true),
        (r#"{"interests": [7]}"#, true),
        (r#"{"interests": ["tennis"]}"#, false),
        (r#"{"other": [{"exists": false}]}"#, true),
        (r#"{"$or": [{"status": ["started"]}, {"step": [2]}]}"#, true),
    ];
    for (policy, wanted) in cases {
        let parsed = FilterPolicy::parse(policy, Scope::MessageAttributes)
            .unwrap()
            .unwrap();
        let matched = parsed.matches(Scope::MessageAttributes, "body", &all);
        assert_eq!(matched, wanted, "{policy}");
    }
}

#[test]
fn an_empty_policy_is_none() {
    for text in ["", "  ", "{}"] {
        assert_eq!(FilterPolicy::parse(text, Scope::MessageBody), Ok(None));
    }
}

#[test]
fn mistakes_are_named_in_the_words_of_aws() {
    let cases = [
        (r#"{"key": "v"}"#, r#""key" must be an object or an array"#),
        (
            r#"{"key": [["value"]]}"#,
            "Match value must be String, number, true, false, or null",
        ),
        (
            r#"{"key": [{"wrong-operator": true}]}"#,
            "Unrecognized match type wrong-operator",
        ),
        (
            r#"{"key": [{"suffix": "a", "prefix": "b"}]}"#,
            "Only one key allowed in match expression",
        ),
        (
            r#"{"key": [{"suffix": 100}]}"#,
            "suffix match pattern must be a string",
        ),
        (
            r#"{"key": [{"suffix": []}]}"#,
            "suffix match pattern must be a string",
        ),
        (
            r#"{"key": {"suffix": "value"}}"#,
            r#""suffix" must be an object or an array"#,
        ),
        (
            r#"{"key": [{"exists": "no"}]}"#,
            "exists match pattern must be either true or false.",
        ),
        (
            r#"{"key": [{"numeric": []}]}"#,
            "Invalid member in numeric match: ]",
        ),
        (
            r#"{"key": [{"numeric": ["operator"]}]}"#,
            "Unrecognized numeric range operator: operator",
        ),
        (
            r#"{"key": [{"numeric": [1, "<="]}]}"#,
            "Invalid member in numeric match: 1",
        ),
        (
            r#"{"key": [{"numeric": ["=", "000"]}]}"#,
            "Value of equals must be numeric",
        ),
        (
            r#"{"key": [{"numeric": [">="]}]}"#,
            "Value of >= must be numeric",
        ),
        (
            r#"{"key": [{"numeric": ["<", 100, ">", 10]}]}"#,
            "Too many elements in numeric expression",
        ),
        (
            r#"{"key": [{"numeric": [">=", 1, ">", 2]}]}"#,
            "Bad numeric range operator: >",
        ),
        (
            r#"{"key": [{"numeric": [">", 3, "<", 1]}]}"#,
            "Bottom must be less than top",
        ),
        (
            r#"{"key": [{"numeric": [">", 20, "<="]}]}"#,
            "Value of <= must be numeric",
        ),
        (
            r#"{"key": [{"numeric": [">", 20, 30]}]}"#,
            "Bad value in numeric range: 30",
        ),
        (
            r#"{"key": [{"numeric": [">", 20, "<", 30, "<", 50]}]}"#,
            "Too many terms in numeric range expression",
        ),
        (
            r#"{"key": [{"anything-but": ["a", 1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not \
             supported",
        ),
        (
            r#"{"key": [{"cidr": "10.0.0.0"}]}"#,
            "Malformed CIDR, one '/' required",
        ),
        (
            r#"{"key": [{"wildcard": "a**"}]}"#,
            "Consecutive wildcard characters at pos 1",
        ),
        (
            r#"{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}"#,
            "Filter policy can not have more than 5 keys",
        ),
        (
            r#"{"key": [{"numeric": [">", 1000000001]}]}"#,
            "Value must be between -1000000000 and 1000000000, inclusive",
        ),
        ("{invalidjson}", "failed to parse JSON."),
    ];
    for (policy, message) in cases {
        let message = format!("FilterPolicy: {message}");
        refused(policy, Scope::MessageAttributes, &message);
    }
    refused(
        r#"{"object": {"key": ["v"]}}"#,
        Scope::MessageAttributes,
        "Filter policy scope MessageAttributes does not support nested filter policy",
    );
}

#[test]
fn a_policy_has_at_most_150_combinations() {
    let values = |count: usize| vec!["\"v\""; count].join(",");
    let flat = |a: usize, b: usize| format!(r#"{{"a": [{}], "b": [{}]}}"#, values(a), values(b));
    let complex = "FilterPolicy: Filter policy is too complex";
    assert!(FilterPolicy::parse(&flat(15, 10), Scope::MessageBody).is_ok());
    refused(&flat(16, 10), Scope::MessageBody, complex);
    let nested = format!(r#"{{"a": {{"b": {{"c": [{}]}}}}}}"#, values(51));
    refused(&nested, Scope::MessageBody, complex);
}

#[test]
fn only_the_keys_at_the_top_are_counted() {
    let body = r#"{"a": {"b": ["1"], "c": ["1"], "d": ["1"]}, "e": ["1"], "f": ["1"], "g": ["1"],
        "h": [{"exists": true}]}"#;
    assert!(FilterPolicy::parse(body, Scope::MessageBody).is_ok());
    let six = r#"{"a": {"b": ["1"]}, "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"], "g": ["1"]}"#;
    let keys = "FilterPolicy: Filter policy can not have more than 5 keys";
    refused(six, Scope::MessageBody, keys);
}

#[test]
fn a_policy_has_at_most_256_kib() {
    let of = |size: usize| {
        format!(
            r#"{{"a": ["{}"]}}"#,
            "x".repeat(size - r#"{"a": [""]}"#.len())
        )
    };
    assert!(FilterPolicy::parse(&of(LARGEST_POLICY), Scope::MessageBody).is_ok());
    refused(
        &of(LARGEST_POLICY + 1),
        Scope::MessageBody,
        "FilterPolicy: Filter policy can not be larger than 262144 bytes",
    );
}
