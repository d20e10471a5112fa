//! For tests: clients whose HTTP connection is a function from request to response, and a record of
//! what was asked.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;

use crate::clients::Clients;
use crate::settings::{AwsSettings, Secret};

/// A request, as far as a test looks at it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `PUT /bucket/key?partNumber=1`: method, path and query without `x-id`.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A field of a form, such as SNS's `Subject`.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(&self.body);
        fields
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A message attribute of SNS's form.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let entry = |n: usize, part: &str| format!("MessageAttributes.entry.{n}.{part}");
        let n = (1..20).find(|n| self.field(&entry(*n, "Name")).as_deref() == Some(name))?;
        self.field(&entry(n, "Value.StringValue"))
    }
}

/// A response: status, headers, body.
pub(crate) type Answer = (u16, &'static [(&'static str, &'static str)], String);

/// What was asked, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script(Arc<Mutex<Vec<Asked>>>);

impl Script {
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

type Respond = dyn Fn(&Asked) -> Answer + Send + Sync;

struct Connection {
    script: Script,
    respond: Arc<Respond>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri: url::Url = request.uri().parse().unwrap();
        let query = uri.query().unwrap_or_default().split('&');
        let query: Vec<_> = query
            .filter(|pair| !pair.is_empty() && !pair.starts_with("x-id="))
            .collect();
        let path = [uri.path(), &query.join("&")].join("?");
        let headers = request.headers().iter();
        let asked = Asked {
            line: format!("{} {}", request.method(), path.trim_end_matches('?')),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: request.body().bytes().unwrap().to_vec(),
        };
        let (status, headers, body) = (self.respond)(&asked);
        self.script.0.lock().unwrap().push(asked);
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Clients whose every request is answered by `respond`.
pub(crate) fn clients(
    respond: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> (Clients, Script) {
    let (script, respond) = (Script::default(), Arc::new(respond) as Arc<Respond>);
    let (for_client, settings) = (script.clone(), settings());
    let http = http_client_fn(move |_, _| {
        let (script, respond) = (for_client.clone(), respond.clone());
        SharedHttpConnector::new(Connection { script, respond })
    });
    (Clients::with_http_client(&settings, http), script)
}

fn settings() -> AwsSettings {
    AwsSettings {
        region: "eu-central-1".to_owned(),
        access_key_id: "ASIAEXAMPLE".to_owned(),
        secret_access_key: Secret::new("secret"),
        session_token: Some(Secret::new("token")),
        s3_endpoint: Some("http://127.0.0.1:1".parse().unwrap()),
        sns_endpoint: Some("http://127.0.0.1:1".parse().unwrap()),
        secrets_manager_endpoint: None,
    }
}

/// An error of S3.
pub(crate) fn refusal(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    (status, &[("content-type", "application/xml")], body)
}

/// SNS took a message.
pub(crate) fn published() -> Answer {
    let body = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
                <MessageId>1</MessageId></PublishResult></PublishResponse>";
    (200, &[], body.to_owned())
}
