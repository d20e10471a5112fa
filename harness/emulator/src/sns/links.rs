//! The links in mails and posts: they confirm and end subscriptions without a signature, and answer
//! with a page for people. (AWS answers with XML or leads to a page of its own.)

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, Uri, header};
use quick_xml::escape::escape;
use s3s::Body;

use super::envelope::QuestionKind;
use super::state::Confirmation;
use super::{Sns, error};
use crate::front::query::Params;
use crate::front::{Answer, ApiError, ServiceName};
use crate::journal::{EntryId, Event};

/// The link that confirms.
pub(super) fn confirm(endpoint: &str, topic: &str, token: &str) -> String {
    format!("{endpoint}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}")
}

/// The link that ends.
pub(super) fn unsubscribe(endpoint: &str, subscription: &str) -> String {
    format!("{endpoint}/?Action=Unsubscribe&SubscriptionArn={subscription}")
}

impl Sns {
    /// Whether an unsigned request is one of the links in a notice (confirm, unsubscribe).
    #[must_use]
    pub fn is_public_link(&self, uri: &Uri) -> bool {
        let params = Params::parse(uri.query(), b"");
        uri.path() == "/"
            && matches!(
                params.get("Action"),
                Some("ConfirmSubscription" | "Unsubscribe")
            )
    }

    /// Follows such a link.
    #[must_use]
    pub fn follow_link(&self, uri: &Uri, request_id: &str) -> Answer {
        let params = Params::parse(uri.query(), b"");
        let operation = params.get("Action").unwrap_or_default().to_owned();
        let resource = params
            .get("TopicArn")
            .or_else(|| params.get("SubscriptionArn"))
            .map(str::to_owned);
        let call = self.core.journal.record(
            None,
            Event::ApiCall {
                service: ServiceName::Sns.as_str(),
                operation: operation.clone(),
                caller: "anonymous".to_owned(),
                resource,
            },
        );
        let followed = if operation == "Unsubscribe" {
            self.follow_unsubscribe(&params, call)
        } else {
            self.follow_confirm(&params)
        };
        let (status, code, answer) = match followed {
            Ok((title, text)) => (StatusCode::OK, None, page(StatusCode::OK, title, &text)),
            Err(error) => {
                let title = "This link did not work";
                let answer = page(error.status, title, &paragraph(&error.message));
                (error.status, Some(error.code.to_owned()), answer)
            }
        };
        self.core.journal.record(
            Some(call),
            Event::ApiAnswer {
                status: status.as_u16(),
                error: code,
                request_id: request_id.to_owned(),
            },
        );
        answer
    }

    fn follow_confirm(&self, params: &Params) -> Result<(&'static str, String), ApiError> {
        let topic = params.get("TopicArn").unwrap_or_default();
        let token = params.get("Token").unwrap_or_default();
        let subscription = self.confirm(topic, token, false, false)?;
        let leave = unsubscribe(&self.core.endpoint(), &subscription.arn);
        let text = format!(
            "<p>{} now gets the messages of the topic<br><code>{}</code>.</p>\
             <p>The subscription is<br><code>{}</code>.</p>\
             <p>If it was not your intention to subscribe, <a href=\"{}\">unsubscribe</a>.</p>",
            escape(subscription.endpoint.as_str()),
            escape(subscription.topic.as_str()),
            escape(subscription.arn.as_str()),
            escape(leave.as_str()),
        );
        Ok(("Subscription confirmed", text))
    }

    fn follow_unsubscribe(
        &self,
        params: &Params,
        call: EntryId,
    ) -> Result<(&'static str, String), ApiError> {
        let arn = params.get("SubscriptionArn").unwrap_or_default();
        let mut state = self.state();
        let subscription = state
            .subscriptions
            .get(arn)
            .cloned()
            .ok_or_else(error::no_subscription)?;
        let only_signed = matches!(
            subscription.confirmation,
            Confirmation::Given {
                authenticate_on_unsubscribe: true,
                ..
            }
        );
        if only_signed {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "AuthorizationError",
                "This subscription can be ended by its owner's signed request only",
            ));
        }
        let back = subscription.protocol.is_http().then(|| self.token());
        if let Some((token, until)) = &back {
            state.keep_ended(token.clone(), *until, arn);
        }
        state.remove(arn);
        drop(state);
        if let Some((token, _)) = &back {
            let cause = (call, &self.core.journal.pending());
            self.post_question(QuestionKind::Leave, &subscription, token, cause);
        }
        let text = format!(
            "<p>{} no longer gets the messages of the topic<br><code>{}</code>.</p>",
            escape(subscription.endpoint.as_str()),
            escape(subscription.topic.as_str()),
        );
        Ok(("Subscription removed", text))
    }
}

fn paragraph(text: &str) -> String {
    let text: Cow<'_, str> = escape(text);
    format!("<p>{text}</p>")
}

/// A whole page; `body` is HTML.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Answer {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;\
         padding:0 1rem}}code{{overflow-wrap:anywhere}}</style></head>\
         <body><h1>{title}</h1>{body}</body></html>\n"
    );
    let mut answer = http::Response::new(Body::from(html));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    answer
}
