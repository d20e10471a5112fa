//! The parameters that many operations have: names, paths, tags, numbers, pages.

use std::collections::BTreeMap;

use zipster_names::{Arn, IamPath, PolicyName, RoleName, UserName};

use super::error;
use crate::front::ApiError;
use crate::front::query::Params;

/// How many tags a role or policy may have.
const MOST_TAGS: usize = 50;

/// `RoleName`.
pub(super) fn role_name(params: &Params) -> Result<RoleName, ApiError> {
    let text = require(params, "RoleName", "roleName")?;
    RoleName::parse(text).map_err(|_| bad_name(text, "roleName", 64))
}

/// `UserName`.
pub(super) fn user_name(params: &Params) -> Result<UserName, ApiError> {
    let text = require(params, "UserName", "userName")?;
    UserName::parse(text).map_err(|_| bad_name(text, "userName", 64))
}

/// `PolicyName`.
pub(super) fn policy_name(params: &Params) -> Result<PolicyName, ApiError> {
    let text = require(params, "PolicyName", "policyName")?;
    PolicyName::parse(text).map_err(|_| bad_name(text, "policyName", 128))
}

fn bad_name(text: &str, member: &str, longest: usize) -> ApiError {
    if text.chars().count() > longest {
        let rule = format!("have length less than or equal to {longest}");
        return error::constraint(text, member, rule);
    }
    error::invalid(format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric \
         characters and/or the following: +=,.@_-"
    ))
}

/// `PolicyArn`.
pub(super) fn policy_arn(params: &Params) -> Result<Arn, ApiError> {
    arn(require(params, "PolicyArn", "policyArn")?)
}

/// An ARN of IAM's.
pub(super) fn arn(text: &str) -> Result<Arn, ApiError> {
    let arn = Arn::parse(text).ok().filter(|arn| arn.service() == "iam");
    arn.ok_or_else(|| error::invalid(format!("ARN {text} is not valid.")))
}

/// `Path`, or the path of whatever names none.
pub(super) fn path(params: &Params) -> Result<IamPath, ApiError> {
    match params.get("Path") {
        None => Ok(IamPath::default()),
        Some(text) => IamPath::parse(text).map_err(|_| {
            error::invalid(
                "The specified value for path is invalid. It must begin and end with / and \
                 contain only alphanumeric characters and/or / characters.",
            )
        }),
    }
}

/// A parameter that must be there.
pub(super) fn require<'a>(
    params: &'a Params,
    name: &str,
    member: &str,
) -> Result<&'a str, ApiError> {
    match params.get(name) {
        None => Err(error::invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        ))),
        Some("") => Err(error::constraint(
            "",
            member,
            "have length greater than or equal to 1",
        )),
        Some(value) => Ok(value),
    }
}

/// A number between two others.
pub(super) fn number(
    params: &Params,
    name: &str,
    member: &str,
    (least, most): (u32, u32),
) -> Result<Option<u32>, ApiError> {
    let Some(text) = params.get(name) else {
        return Ok(None);
    };
    let Ok(value) = text.parse::<i64>() else {
        return Err(ApiError::bad_request(
            "MalformedInput",
            format!("{name} is not a number: {text}"),
        ));
    };
    match u32::try_from(value) {
        Ok(value) if value > most => Err(error::constraint(
            value,
            member,
            format!("have value less than or equal to {most}"),
        )),
        Ok(value) if value >= least => Ok(Some(value)),
        Ok(_) | Err(_) => Err(error::constraint(
            value,
            member,
            format!("have value greater than or equal to {least}"),
        )),
    }
}

/// `true` or `false`; missing is `false`.
pub(super) fn flag(params: &Params, name: &str) -> Result<bool, ApiError> {
    match params.get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(ApiError::bad_request(
            "MalformedInput",
            format!("{name} is neither true nor false: {other}"),
        )),
    }
}

/// The plain values of a list: `ActionNames.member.1=...`.
pub(super) fn values(params: &Params, name: &str) -> Vec<String> {
    params
        .list(&format!("{name}.member"))
        .iter()
        .filter_map(|member| member.get("").map(str::to_owned))
        .collect()
}

/// `Tags`.
///
/// Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>.
pub(super) fn tags(params: &Params) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for (index, tag) in params.list("Tags.member").iter().enumerate() {
        let member = |part: &str| format!("tags.{}.member.{part}", index + 1);
        let key = require(tag, "Key", &member("key"))?;
        let value = tag.get("Value").unwrap_or_default();
        for (text, longest, part) in [(key, 128, "key"), (value, 256, "value")] {
            let is_allowed =
                |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
            if text.chars().count() > longest {
                let rule = format!("have length less than or equal to {longest}");
                return Err(error::constraint(text, &member(part), rule));
            }
            if !text.chars().all(is_allowed) {
                let rule =
                    r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]*".to_owned();
                return Err(error::constraint(text, &member(part), rule));
            }
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(error::input(format!(
                "System tags cannot be added by the customer: {key}"
            )));
        }
        let is_same = |other: &String| other.eq_ignore_ascii_case(key);
        if tags.keys().any(is_same) {
            return Err(error::input(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    check_count(&tags)?;
    Ok(tags)
}

/// `before` with `tags`; the new spelling of a key takes the place of an old one.
pub(super) fn tagged(
    before: &BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut all = before.clone();
    for (key, value) in tags {
        all.retain(|other, _| !other.eq_ignore_ascii_case(&key));
        all.insert(key, value);
    }
    check_count(&all)?;
    Ok(all)
}

/// Takes the tags with these keys away.
pub(super) fn untag(tags: &mut BTreeMap<String, String>, keys: &[String]) {
    tags.retain(|key, _| !keys.iter().any(|named| named.eq_ignore_ascii_case(key)));
}

/// Whether these are not too many tags.
fn check_count(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MOST_TAGS {
        return Err(error::limit(
            "The number of tags has reached the maximum limit.",
        ));
    }
    Ok(())
}

/// What one answer of a list has room for, and where the next one goes on.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// `Marker` of the next request, if there is more.
    pub(super) marker: Option<String>,
}

impl<T> Page<T> {
    /// The page that `MaxItems` and `Marker` ask for. The marker is the last item's key, so that
    /// what is added or removed in between neither repeats nor hides the others.
    pub(super) fn of(
        params: &Params,
        all: impl IntoIterator<Item = T>,
        key: impl Fn(&T) -> &str,
    ) -> Result<Self, ApiError> {
        let most = number(params, "MaxItems", "maxItems", (1, 1000))?.unwrap_or(100);
        let after = params.get("Marker").map(decode).transpose()?;
        let mut items: Vec<T> = all.into_iter().collect();
        if let Some(after) = after {
            let last = items.iter().position(|item| key(item) == after);
            let last = last.ok_or_else(bad_marker)?;
            items.drain(..=last);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let more = items.len() > most;
        items.truncate(most);
        let marker = items
            .last()
            .filter(|_| more)
            .map(|last| hex::encode(key(last)));
        Ok(Self { items, marker })
    }
}

fn decode(marker: &str) -> Result<String, ApiError> {
    let bytes = hex::decode(marker).map_err(|_| bad_marker())?;
    String::from_utf8(bytes).map_err(|_| bad_marker())
}

fn bad_marker() -> ApiError {
    error::invalid("Invalid Marker.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Params {
        Params::parse(None, text.as_bytes())
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all = ["a", "b", "c"];
        let first = Page::of(&form("MaxItems=2"), all, |item| item).unwrap();
        assert_eq!(first.items, ["a", "b"]);
        let marker = first.marker.unwrap();
        let rest = Page::of(&form(&format!("Marker={marker}")), all, |item| item).unwrap();
        assert_eq!((rest.items, rest.marker), (vec!["c"], None));
        let error = Page::of(&form("Marker=zz"), all, |item| item).unwrap_err();
        assert_eq!(error.message, "Invalid Marker.");
    }

    #[track_caller]
    fn check_number(text: &str, expected: Result<u32, &str>) {
        let read = number(&form(&format!("N={text}")), "N", "n", (900, 43200));
        let read = read.map(|value| value.unwrap()).map_err(|e| e.message);
        assert_eq!(read, expected.map_err(str::to_owned));
    }

    #[test]
    fn numbers_have_limits() {
        check_number("900", Ok(900));
        check_number(
            "-1",
            Err(
                "1 validation error detected: Value '-1' at 'n' failed to satisfy constraint: \
                 Member must have value greater than or equal to 900",
            ),
        );
        check_number(
            "43201",
            Err(
                "1 validation error detected: Value '43201' at 'n' failed to satisfy constraint: \
                 Member must have value less than or equal to 43200",
            ),
        );
        check_number("soon", Err("N is not a number: soon"));
    }

    #[track_caller]
    fn check_tags(text: &str, expected: Result<&[(&str, &str)], &str>) {
        let read = tags(&form(text)).map_err(|error| error.code);
        let expected = expected.map(|tags| {
            tags.iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn tags_have_rules() {
        check_tags(
            "Tags.member.1.Key=a&Tags.member.1.Value=1&Tags.member.2.Key=b",
            Ok(&[("a", "1"), ("b", "")]),
        );
        check_tags(
            "Tags.member.1.Key=a&Tags.member.2.Key=A",
            Err("InvalidInput"),
        );
        check_tags("Tags.member.1.Key=aws:a", Err("InvalidInput"));
        check_tags("Tags.member.1.Key=a!", Err("ValidationError"));
        check_tags("Tags.member.1.Value=a", Err("ValidationError"));
    }
}
