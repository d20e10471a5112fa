//! The inbox over HTTP, read without a signature:
//!
//! - `/_zipster/inbox` is `{"messages": [...]}`, oldest first, each in the shape of
//!   [`InboxMessage`] with the number `id` before it; for a browser, a page.
//! - `?endpoint=`, `?topic=` (an ARN or a name), `?kind=` and `?protocol=` choose among them, in
//!   both forms.
//! - `/_zipster/inbox/<id>.eml` is a mail as a file.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use quick_xml::escape::escape;
use s3s::Body;
use serde::Serialize;
use serde_json::json;

use super::eml::eml;
use super::inbox::{InboxKind, InboxMessage};
use super::state::Protocol;
use super::{Sns, links};
use crate::front::Answer;

/// Where the inbox can be read over HTTP.
pub const INBOX_PATH: &str = "/_zipster/inbox";

/// Which messages are wanted.
#[derive(Debug, Default)]
struct Wanted {
    endpoint: Option<String>,
    topic: Option<String>,
    kind: Option<InboxKind>,
    protocol: Option<Protocol>,
}

/// A message and its number.
#[derive(Debug, Serialize)]
struct Numbered<'a> {
    id: usize,
    #[serde(flatten)]
    message: &'a InboxMessage,
}

impl Wanted {
    /// The error is for people.
    fn parse(query: &str) -> Result<Self, String> {
        let mut wanted = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let odd = || format!("there is no {name} {value} in an inbox");
            match name.as_ref() {
                "endpoint" => wanted.endpoint = Some(value.into_owned()),
                "topic" => wanted.topic = Some(value.into_owned()),
                "kind" => wanted.kind = Some(InboxKind::parse(&value).ok_or_else(odd)?),
                "protocol" => wanted.protocol = Some(Protocol::parse(&value).ok_or_else(odd)?),
                _ => {
                    return Err(format!(
                        "the inbox does not know {name}; it knows endpoint, topic, kind and \
                         protocol"
                    ));
                }
            }
        }
        Ok(wanted)
    }

    fn takes(&self, message: &InboxMessage) -> bool {
        let of_topic = |wanted: &String| {
            let topic = message.topic.as_deref().unwrap_or_default();
            topic == wanted || topic.rsplit(':').next() == Some(wanted)
        };
        self.endpoint
            .as_ref()
            .is_none_or(|wanted| message.endpoint == *wanted)
            && self.topic.as_ref().is_none_or(of_topic)
            && self.kind.is_none_or(|wanted| message.kind == wanted)
            && self
                .protocol
                .is_none_or(|wanted| message.protocol == wanted.as_str())
    }
}

impl Sns {
    /// Whether an unsigned request is for the inbox.
    #[must_use]
    pub fn is_inbox(&self, uri: &Uri) -> bool {
        uri.path()
            .strip_prefix(INBOX_PATH)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The inbox, or one mail of it; see the module's text.
    #[must_use]
    pub fn read_inbox(&self, uri: &Uri, headers: &HeaderMap) -> Answer {
        let name = uri.path().strip_prefix(INBOX_PATH).unwrap_or_default();
        if !name.is_empty() {
            return self.mail_file(name.trim_start_matches('/'));
        }
        let wanted = match Wanted::parse(uri.query().unwrap_or_default()) {
            Ok(wanted) => wanted,
            Err(error) => return text(StatusCode::BAD_REQUEST, &error),
        };
        let inbox = self.inbox_lock();
        let messages: Vec<Numbered<'_>> = (1..)
            .zip(inbox.iter())
            .filter(|(_, message)| wanted.takes(message))
            .map(|(id, message)| Numbered { id, message })
            .collect();
        let accept = headers
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if accept.contains("text/html") {
            return links::page(StatusCode::OK, "Inbox", &list(&messages));
        }
        let json = json!({"messages": messages}).to_string();
        answer(StatusCode::OK, "application/json", json)
    }

    fn mail_file(&self, name: &str) -> Answer {
        let number = name
            .strip_suffix(".eml")
            .and_then(|number| number.parse::<usize>().ok());
        let inbox = self.inbox_lock();
        let found = number
            .and_then(|number| Some((number, inbox.get(number.checked_sub(1)?)?)))
            .filter(|(_, message)| is_mail(message));
        let Some((number, mail)) = found else {
            let error = format!("there is no mail {name} in the inbox");
            return text(StatusCode::NOT_FOUND, &error);
        };
        let mut answer = answer(StatusCode::OK, "message/rfc822", eml(number, mail));
        let disposition = format!("attachment; filename=\"{number}.eml\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            answer
                .headers_mut()
                .insert(header::CONTENT_DISPOSITION, disposition);
        }
        answer
    }
}

/// Text messages are no mail.
pub(super) fn is_mail(message: &InboxMessage) -> bool {
    message.protocol != Protocol::Sms.as_str()
}

/// The messages for people, the newest first.
fn list(messages: &[Numbered<'_>]) -> String {
    if messages.is_empty() {
        return "<p>There is nothing here.</p>".to_owned();
    }
    let mut html = String::new();
    for Numbered { id, message } in messages.iter().rev() {
        let text = |text: &str| -> String { escape(text).into_owned() };
        let title = message.subject.as_deref().unwrap_or("Text message");
        let file = if is_mail(message) {
            format!(" &middot; <a href=\"{INBOX_PATH}/{id}.eml\">as a file</a>")
        } else {
            String::new()
        };
        let link = |href: &Option<String>, label: &str| {
            href.as_deref().map_or(Cow::Borrowed(""), |href| {
                let href = text(href);
                Cow::Owned(format!(" &middot; <a href=\"{href}\">{label}</a>"))
            })
        };
        // Writing to a string does not fail.
        let _ = write!(
            html,
            "<article id=\"{id}\"><h2>{}</h2><p>to {} &middot; {}{file}{}{}</p>\
             <pre style=\"white-space:pre-wrap;overflow-wrap:anywhere\">{}</pre></article>",
            text(title),
            text(&message.endpoint),
            super::envelope::timestamp(message.received),
            link(&message.confirm_link, "confirm"),
            link(&message.unsubscribe_link, "unsubscribe"),
            text(&message.body),
        );
    }
    html
}

fn text(status: StatusCode, text: &str) -> Answer {
    answer(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = http::Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
