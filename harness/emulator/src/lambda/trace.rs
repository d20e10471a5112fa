//! The header that tells requests that belong together: taken over from the caller, completed,
//! handed to the function.
//!
//! Differs from AWS: no segments are sent anywhere, as there is no X-Ray here; a function with
//! `Active` tracing is sampled whenever its caller does not say otherwise, not one request a
//! second and five percent of the rest.
//!
//! Follows <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>.

use std::fmt;

use time::OffsetDateTime;

use crate::random::Random;

/// The trace of one invocation, as its function gets to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    root: String,
    /// The segment that the function's own are part of.
    parent: String,
    sampled: bool,
    /// Other fields of the caller's header, such as `Lineage`.
    rest: Vec<String>,
}

impl Trace {
    /// Completes what the caller sent, or makes a trace of its own. A function with `active`
    /// tracing gets Lambda's own segment as the parent if the trace is sampled.
    pub(super) fn new(
        header: Option<&str>,
        active: bool,
        now: OffsetDateTime,
        random: &Random,
    ) -> Self {
        let mut root = None;
        let mut parent = None;
        let mut sampled = None;
        let mut rest = Vec::new();
        for field in header.unwrap_or_default().split(';').map(str::trim) {
            match field.split_once('=') {
                Some(("Root", value)) if is_root(value) => root = Some(value.to_owned()),
                Some(("Parent", value)) if is_hex(value, 16) => parent = Some(value.to_owned()),
                Some(("Sampled", "1")) => sampled = Some(true),
                Some(("Sampled", "0")) => sampled = Some(false),
                // Those that do not say anything, or ask to be told.
                Some(("Root" | "Parent" | "Sampled" | "Self", _)) | None => {}
                Some(_) => rest.push(field.to_owned()),
            }
        }
        let sampled = sampled.unwrap_or(active);
        let fresh = || hex::encode(random.bytes::<8>());
        Self {
            root: root.unwrap_or_else(|| {
                let moment = now.unix_timestamp();
                format!("1-{moment:08x}-{}", hex::encode(random.bytes::<12>()))
            }),
            parent: parent
                .filter(|_| !(active && sampled))
                .unwrap_or_else(fresh),
            sampled,
            rest,
        }
    }
}

/// What the `REPORT` says of the completed header of a function with `active` tracing: its trace has
/// a segment of Lambda's, the function's parent.
pub(super) fn report(header: &str, active: bool) -> Option<String> {
    let field = |name: &str| {
        let mut fields = header.split(';');
        fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
    };
    if !active || field("Sampled") != Some("1") {
        return None;
    }
    let (trace, segment) = (field("Root")?, field("Parent")?);
    Some(format!(
        "XRAY TraceId: {trace}\tSegmentId: {segment}\tSampled: true"
    ))
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sampled = u8::from(self.sampled);
        write!(
            f,
            "Root={};Parent={};Sampled={sampled}",
            self.root, self.parent
        )?;
        self.rest.iter().try_for_each(|field| write!(f, ";{field}"))
    }
}

/// `1-` and eight hexadecimal digits, `-` and twenty-four.
fn is_root(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|time| is_hex(time, 8))
        && parts.next().is_some_and(|unique| is_hex(unique, 24))
        && parts.next().is_none()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
    const PARENT: &str = "53995c3f42cd8ad8";

    fn trace(header: Option<&str>, active: bool) -> Trace {
        let now = datetime!(2026-11-23 16:00 UTC);
        Trace::new(header, active, now, &Random::new(1))
    }

    #[test]
    fn a_complete_header_is_passed_on_as_it_is() {
        let header = format!("Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0");
        let passed = trace(Some(&header), false);
        assert_eq!(passed.to_string(), header);
        assert_eq!(report(&header, false), None);
        let unsampled = format!("Root={ROOT};Parent={PARENT};Sampled=0");
        assert_eq!(trace(Some(&unsampled), true).to_string(), unsampled);
        assert_eq!(report(&unsampled, true), None);
    }

    #[test]
    fn an_active_function_hangs_below_lambdas_own_segment() {
        let header = format!("Root={ROOT};Parent={PARENT};Sampled=1");
        let traced = trace(Some(&header), true);
        let text = traced.to_string();
        assert!(text.starts_with(&format!("Root={ROOT};Parent=")), "{text}");
        assert!(!text.contains(PARENT), "{text}");
        let report = report(&text, true).unwrap();
        assert!(report.starts_with(&format!("XRAY TraceId: {ROOT}\tSegmentId: ")));
        assert!(report.contains(&format!("SegmentId: {}\t", traced.parent)));
    }

    #[test]
    fn what_is_missing_or_malformed_is_made() {
        for header in [
            None,
            Some(""),
            Some("Root=1-x;Parent=y;Sampled=?;Self=1-2-3;;"),
        ] {
            let text = trace(header, false).to_string();
            let fields: Vec<_> = text.split(';').collect();
            assert!(is_root(fields[0].strip_prefix("Root=").unwrap()), "{text}");
            assert!(is_hex(fields[1].strip_prefix("Parent=").unwrap(), 16));
            assert_eq!(&fields[2..], ["Sampled=0"]);
        }
        // The time of the trace is the time of the request.
        assert!(
            trace(None, false)
                .to_string()
                .starts_with("Root=1-6b046300"),
            "{}",
            trace(None, false)
        );
        assert!(trace(None, true).to_string().ends_with("Sampled=1"));
        // A caller that knows only the trace leaves the decision to the function.
        let root = format!("Root={ROOT}");
        let text = trace(Some(&root), true).to_string();
        assert!(report(&text, true).is_some());
    }
}
