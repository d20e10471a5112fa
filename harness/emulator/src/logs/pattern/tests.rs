//! Patterns and what they match.

use super::Pattern;

/// Each pattern with the messages that it matches and those that it does not.
#[track_caller]
fn check(cases: &[(&str, &[&str], &[&str])]) {
    for (pattern, matched, unmatched) in cases {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for message in *matched {
            assert!(parsed.matches(message), "{pattern} should match {message}");
        }
        for message in *unmatched {
            assert!(!parsed.matches(message), "{pattern} matches {message}");
        }
    }
}

#[test]
fn terms_are_parts_of_a_message() {
    check(&[
        ("", &["anything", ""], &[]),
        (" ", &["anything"], &[]),
        (
            "cat",
            &["cat", "cats", "caterpillar", "baby-cat", "communicate"],
            &["CAT", "Cat", "car", "c a t"],
        ),
        (
            "goodbye world",
            &["goodbye cruel world", "world goodbye"],
            &["goodbye", "world"],
        ),
        (
            r#""hello cruel""#,
            &["hello cruela"],
            &["cruel hello", "hello  cruel"],
        ),
        (
            r#""a \"b\" \\ c""#,
            &[r#"x a "b" \ c"#],
            &[r#"a \"b\" \\ c"#],
        ),
        (
            "ERROR -Exiting",
            &["[ERROR] fatal"],
            &["Exiting with ERROR", "fine"],
        ),
        (
            r#""ERROR" - "Exit now""#,
            &["ERROR Exit"],
            &["ERROR Exit now"],
        ),
        ("-ERROR", &["fine"], &["ERROR"]),
        (
            "?ERROR ?WARN",
            &["ERROR WARN", "ERROR x", "WARN x"],
            &["INFO x"],
        ),
        (r#"?"a b" ?c"#, &["a b", "c"], &["a  b"]),
        // As on AWS, optional terms count for nothing beside others.
        ("?ERROR ?WARN INFO", &["INFO"], &["ERROR", "WARN"]),
    ]);
}

#[test]
fn a_regular_expression_matches_anywhere() {
    check(&[
        (
            "%Success%",
            &["Successful", r#"{"Message": Success}"#],
            &["Error"],
        ),
        ("%[mM]essage%", &["message", "Message"], &["MESSAGE"]),
        (
            "%}$%",
            &[r#"{"Message": Success}"#, "{}\n"],
            &["{'x'} is no object"],
        ),
        (
            r"%^10\.10\.0\.\d{1,3}$%",
            &["10.10.0.7"],
            &["10.10.0.", "x10.10.0.7", "10a10.0.7"],
        ),
        (r"%a\x28b\x29|c\sd%", &["a(b)", "c d"], &["ab"]),
        ("%a{2,3}b+%", &["aab", "caaabb"], &["ab"]),
    ]);
}

#[test]
fn json_is_asked_for_its_members() {
    let event = r#"{
        "eventType": "UpdateTrail", "ip": "111.111.111.111", "empty": "", "code": "400",
        "int": 123, "float": 12.34, "whole": 12.0, "big": 10000,
        "object": {}, "array": [], "null": null, "yes": true, "no": false,
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3}],
        "actions": ["GET", "PUT", "DELETE"], "grid": [[0, 1], [4, 5]], "_type-tag": "x y"
    }"#;
    let holds = [
        r#"$.eventType = "UpdateTrail""#,
        "$.eventType = UpdateTrail",
        "$.eventType = *Trail",
        "$.eventType = Update*",
        "$.eventType = *date*",
        "$.eventType = *",
        r#"$.empty = "*""#,
        "$.eventType = %^Up.*il$%",
        "$.eventType != %^up%",
        "$.ip != 123.123.*",
        r#"$.ip = "111.*""#,
        // In the middle an asterisk is one.
        "$.ip != 111*111",
        "$.int = 123",
        "$.int = 123.0",
        r#"$.int = "123""#,
        r#"$.int != "123.0""#,
        "$.int = 12*",
        "$.int = *3",
        "$.int != 32*",
        "$.int != abc",
        "$.float = 12.34",
        "$.float = 12.*",
        "$.whole = 12",
        r#"$.whole != "12""#,
        r#"$.code = "400""#,
        "$.code = 400",
        "$.int > 1",
        "$.int >= 123",
        "$.int < +1000",
        "$.int <= 1.23e2",
        "$.big >= 10e3",
        "$.float > -1.5",
        "$.array IS NULL || $.null IS NULL",
        "$.yes IS TRUE",
        "$.no IS FALSE",
        "$.other NOT EXISTS",
        "$.user.other NOT EXISTS",
        "$.int.other NOT EXISTS",
        "$.actions[3] NOT EXISTS",
        r#"$.actions[0] = "GET""#,
        "$.users[1].id    = 3",
        "$.grid[1][0] = 4",
        r#"$._type-tag = "x y""#,
        r#"($.user.id = 1) && ($.users[0].email = "John.Doe@example.com")"#,
        r#"$.user.email = "John.Stiles@example.com" || $.grid[0][1] = nonmatch && $.actions[2] = nomatch"#,
        "($.int=1)||(($.int=123)&&($.no IS FALSE))",
    ];
    let holds_not = [
        r#"$.eventType = "updatetrail""#,
        "$.ip = 111*111",
        "$.int != 123",
        "$.int > 123",
        "$.other = x",
        "$.other != x",
        "$.object = 123",
        "$.object != 123",
        "$.array != x",
        "$.null = *",
        "$.yes = *",
        // Text is no number.
        "$.code > 1",
        "$.ip < 1",
        "$.object IS NULL",
        "$.other IS NULL",
        "$.null NOT EXISTS",
        "$.no IS TRUE",
        "$.eventType IS TRUE",
        r#"$.yes[0] = "x""#,
        "$.users[1].number = 2",
        "$.actions.id = 1",
        r#"($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET""#,
        r#"($.user.email = "John.Stiles@example.com" || $.grid[0][1] = nonmatch) && $.actions[2] = nomatch"#,
    ];
    for pattern in holds {
        check(&[(&format!("{{ {pattern} }}"), &[event], &["no JSON", "12"])]);
    }
    for pattern in holds_not {
        check(&[(&format!("{{{pattern}}}"), &[], &[event, "no JSON"])]);
    }
    check(&[("{ $[1].a = 2 }", &[r#"[{}, {"a": 2}]"#], &[r#"[{"a": 2}]"#])]);
}

const ACCESS: &str =
    r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;

#[test]
fn the_words_of_a_line_are_asked() {
    let report = "REPORT RequestId: 5002\tDuration: 741.17 ms\tBilled Duration: 800 ms\n";
    check(&[
        (
            "[ip, user, name, time, request, status, bytes]",
            &[ACCESS],
            &["a b c", report],
        ),
        (
            "[ip, user, name, time, request, status = 404, bytes]",
            &[ACCESS],
            &[],
        ),
        (
            "[ip, user, name, time, request, status = 4*, bytes > 1000]",
            &[ACCESS],
            &[],
        ),
        ("[..., request = *html*, status = 4*,]", &[ACCESS], &[]),
        ("[..., status != 404, bytes]", &[], &[ACCESS]),
        ("[..., status = 4* && status != 403, bytes]", &[ACCESS], &[]),
        ("[..., bytes < 1000]", &[], &[ACCESS]),
        ("[..., bytes >= 1e3]", &[ACCESS], &["a b x"]),
        (
            "[ip = 127.0.0.*, ...]",
            &[ACCESS, "127.0.0.9"],
            &["128.0.0.9 x"],
        ),
        (
            "[ip, ..., time = %^10/Oct%, request, status, bytes]",
            &[ACCESS],
            &[],
        ),
        (
            r#"[w1, w2="a b", w3]"#,
            &["x [a b] y", r#"x "a b" y"#],
            &["x a b y"],
        ),
        (
            "[w1=ERROR, w2]",
            &["ERROR message"],
            &["ERROR WARN message", "WARN message"],
        ),
        (
            "[w1=ERROR || w1=WARN, w2]",
            &["ERROR message", "WARN message"],
            &["INFO message"],
        ),
        (
            "[w1 = ERROR && (w1 != FOO || w1 = WARN), w2]",
            &["ERROR message"],
            &["WARN message"],
        ),
        (
            "[w1!=ERROR&&w1!=WARN, w2]",
            &["INFO x"],
            &["ERROR x", "WARN x"],
        ),
        (
            "[type = REPORT, a, b, c, duration > 700, ...]",
            &[report],
            &[ACCESS],
        ),
        // What is not closed, or goes on behind it, is a word like others.
        ("[a = *, b]", &["[x y", "[x]y z"], &["[x y]"]),
    ]);
}

#[test]
fn the_words_of_a_line_are_extracted_by_name_or_number() {
    let extract = |pattern: &str| {
        let values = Pattern::parse(pattern).unwrap().extract(ACCESS);
        let pairs = values.unwrap().into_iter();
        pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
    };
    insta::assert_debug_snapshot!(extract("[..., request=*.html*, status_code=4*,]"), @r#"
    [
        "$1=127.0.0.1",
        "$2=-",
        "$3=frank",
        "$4=10/Oct/2000:13:25:15 -0700",
        "$7=1534",
        "$request=GET /index.html HTTP/1.0",
        "$status_code=404",
    ]
    "#);
    assert!(extract("frank").is_empty());
}

#[test]
fn what_is_no_pattern_is_refused_with_the_reason() {
    let cases = [
        "?Status: timeout",
        r#""event": "x""#,
        "a (b",
        "user@example.com",
        "-",
        "?",
        "? a",
        "\"\"",
        "\"open",
        "%a b%",
        "%something!%",
        "%(a)%",
        "%%",
        "%open",
        "%a% %b%",
        "%[a%",
        "{ $.a = 1",
        "{ $.a = 1 } x",
        "{ }",
        "{ a = 1 }",
        "{ $ = 1 }",
        "{ $. = 1 }",
        "{ $.a }",
        "{ $.a == 1 }",
        "{ $.a = }",
        "{ $.a > x }",
        "{ $.a >= \"123\" }",
        "{ $.a < %1% }",
        "{ $.a = b:c }",
        "{ $.a = 1, $.b = 2 }",
        "{ $.a = 1 AND $.b = 2 }",
        "{ $.a = 1 && }",
        "{ ($.a = 1 }",
        "{ $.a = 1) }",
        "{ $.a[*] = 1 }",
        "{ $.\"a-b\" = 1 }",
        "{ $.a IS 1 }",
        "{ $.a NOT NULL }",
        "{ $.a EXISTS }",
        "{ $.a = %1% || $.a = %2% || $.a = %3% }",
        "[a, b",
        "[a b]",
        "[a, ..., b, ...]",
        "[a = 1 && b = 2]",
        "[a = 1 OR a = 2]",
        "[a === 1]",
        "[a = 1 && || a = 2]",
        "[= 1]",
        "[a.b]",
        "[a = x/y]",
    ];
    let told: Vec<String> = cases
        .iter()
        .map(|case| match Pattern::parse(case) {
            Ok(_) => format!("{case} -> understood"),
            Err(error) => format!("{case} -> {error}"),
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    ?Status: timeout -> Invalid character(s) in term ':'
    "event": "x" -> Invalid character(s) in term ':'
    a (b -> Invalid character(s) in term '('
    user@example.com -> Invalid character(s) in term '@'
    - -> Invalid character(s) in term '-'
    ? -> Invalid character(s) in term '?'
    ? a -> Invalid character(s) in term '?'
    "" -> Invalid character(s) in term '""'
    "open -> Invalid filter pattern: a quotation mark is not closed
    %a b% -> Invalid character(s) in term ' '
    %something!% -> Invalid character(s) in term '!'
    %(a)% -> Invalid character(s) in term '('
    %% -> Invalid character(s) in term '%%'
    %open -> If a filter pattern starts with '%' it must end with '%'
    %a% %b% -> Invalid character(s) in term '%'
    %[a% -> Invalid filter pattern: the regular expression %[a%: unclosed character class
    { $.a = 1 -> If a filter pattern starts with '{' it must end with '}'
    { $.a = 1 } x -> If a filter pattern starts with '{' it must end with '}'
    { } -> Invalid filter pattern: a property such as $.name is expected, not the end
    { a = 1 } -> Invalid filter pattern: 'a' is no property; one is written as $.name or $.list[0]
    { $ = 1 } -> Invalid filter pattern: '$' is no property; one is written as $.name or $.list[0]
    { $. = 1 } -> Invalid filter pattern: '$.' is no property; one is written as $.name or $.list[0]
    { $.a } -> Invalid filter pattern: an operator is expected, not the end
    { $.a == 1 } -> Invalid filter pattern: a value is expected, not '='
    { $.a = } -> Invalid filter pattern: a value is expected, not the end
    { $.a > x } -> Invalid character(s) in term '"x"'
    { $.a >= "123" } -> Invalid character(s) in term '"123"'
    { $.a < %1% } -> Invalid filter pattern: a number is expected, not %1%
    { $.a = b:c } -> Invalid character(s) in term ':'
    { $.a = 1, $.b = 2 } -> Invalid filter pattern: '&&', '||' or the end is expected, not ','
    { $.a = 1 AND $.b = 2 } -> Invalid filter pattern: '&&', '||' or the end is expected, not 'AND'
    { $.a = 1 && } -> Invalid filter pattern: a property such as $.name is expected, not the end
    { ($.a = 1 } -> Invalid filter pattern: ')' is expected, not the end
    { $.a = 1) } -> Invalid filter pattern: '&&', '||' or the end is expected, not ')'
    { $.a[*] = 1 } -> Invalid filter pattern: '$.a[*]' is no property; one is written as $.name or $.list[0]
    { $."a-b" = 1 } -> Invalid filter pattern: '$.' is no property; one is written as $.name or $.list[0]
    { $.a IS 1 } -> Invalid filter pattern: NULL, TRUE or FALSE is expected after IS, not '1'
    { $.a NOT NULL } -> Invalid filter pattern: EXISTS is expected after NOT, not 'NULL'
    { $.a EXISTS } -> Invalid filter pattern: an operator is expected, not 'EXISTS'
    { $.a = %1% || $.a = %2% || $.a = %3% } -> Invalid filter pattern: it has 3 regular expressions, and may have 2
    [a, b -> If a filter pattern starts with '[' it must end with ']'
    [a b] -> Invalid filter pattern: an operator is expected, not 'b'
    [a, ..., b, ...] -> Invalid filter pattern: '...' may stand once
    [a = 1 && b = 2] -> Invalid filter pattern: the conditions of the field 'a' name 'b'
    [a = 1 OR a = 2] -> Invalid filter pattern: ',' or the end is expected, not 'OR'
    [a === 1] -> Invalid filter pattern: a value is expected, not '='
    [a = 1 && || a = 2] -> Invalid filter pattern: a field's name is expected, not '||'
    [= 1] -> Invalid filter pattern: a field's name is expected, not '='
    [a.b] -> Invalid character(s) in term '.'
    [a = x/y] -> Invalid character(s) in term '/'
    "#);
}
