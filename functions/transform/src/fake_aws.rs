//! For tests: as much of S3 and SNS as the function uses, in memory behind the SDK's HTTP client.
//!
//! It cannot show that AWS behaves so; the features do that. It shows what the handler does when
//! any one of its calls fails, or when something else happens between two of them.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use pipeline::clients::Clients;
use pipeline::settings::{AwsSettings, Secret};
use url::Url;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) body: Vec<u8>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Stored {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        Stored {
            body: body.into(),
            headers: BTreeMap::new(),
        }
    }

    pub(crate) fn etag(&self) -> String {
        etag(&self.body)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The entity tag of these bytes.
pub(crate) fn etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{:032x}", hasher.finish())
}

/// What the services hold, and what was asked of them.
#[derive(Default)]
pub(crate) struct State {
    /// By `bucket/key`.
    pub(crate) objects: BTreeMap<String, Stored>,
    /// Uploads that were begun and neither completed nor aborted: place, headers and parts.
    pub(crate) uploads: BTreeMap<String, (Stored, BTreeMap<u32, Vec<u8>>)>,
    /// `method place` of S3's requests, `status step` of notices, in order.
    pub(crate) calls: Vec<String>,
    /// The bodies of the notices.
    pub(crate) notices: Vec<String>,
    /// How many attributes each of them has.
    pub(crate) attributes: Vec<usize>,
    uploads_begun: usize,
}

type Interference = dyn Fn(&str, &mut State) -> Verdict + Send + Sync;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Serve,
    Deny,
}

/// The services.
#[derive(Clone)]
pub(crate) struct FakeAws {
    state: Arc<Mutex<State>>,
    /// Asked before each call, which it may deny, and before which it may change what is there.
    interference: Arc<Interference>,
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}

impl FakeAws {
    pub(crate) fn new() -> Self {
        FakeAws {
            state: Arc::default(),
            interference: Arc::new(|_, _| Verdict::Serve),
        }
    }

    /// The same services, interfered with.
    pub(crate) fn with(
        &self,
        interference: impl Fn(&str, &mut State) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        FakeAws {
            state: Arc::clone(&self.state),
            interference: Arc::new(interference),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn clients(&self) -> Clients {
        let endpoint: Option<Url> = Some("http://127.0.0.1:1".parse().unwrap());
        let settings = AwsSettings {
            region: "eu-central-1".to_owned(),
            access_key_id: "ASIAEXAMPLE".to_owned(),
            secret_access_key: Secret::new("secret"),
            session_token: None,
            s3_endpoint: endpoint.clone(),
            sns_endpoint: endpoint,
            secrets_manager_endpoint: None,
        };
        let services = self.clone();
        let http = http_client_fn(move |_, _| SharedHttpConnector::new(services.clone()));
        Clients::with_http_client(&settings, http)
    }
}

/// Status, headers, body.
type Answer = (u16, Vec<(String, String)>, Vec<u8>);

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let url: Url = request.uri().parse().unwrap();
        let query: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        let place = url.path().trim_start_matches('/').to_owned();
        let body = request.body().bytes().unwrap().to_vec();
        // S3 is called at the place of an object, SNS with a form and at none.
        let form = if place.is_empty() { &body[..] } else { &[] };
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(form).into_owned().collect();
        let call = if place.is_empty() {
            let attribute = |name| attribute(&form, name).unwrap_or_default();
            format!("{} {}", attribute("status"), attribute("step"))
        } else {
            format!("{} {place}", request.method())
        };

        let mut state = self.state();
        let verdict = (self.interference)(&call, &mut state);
        state.calls.push(call);
        let (status, headers, body) = match verdict {
            Verdict::Deny => refusal(403, "AccessDenied"),
            Verdict::Serve if place.is_empty() => state.publish(&form),
            Verdict::Serve => state.serve(&request, place, &query, body),
        };
        let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl State {
    fn publish(&mut self, form: &BTreeMap<String, String>) -> Answer {
        self.notices.push(form["Message"].clone());
        let is_name = |name: &&String| {
            name.starts_with("MessageAttributes.entry.") && name.ends_with(".Name")
        };
        self.attributes.push(form.keys().filter(is_name).count());
        let body = "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult>\
                    </PublishResponse>";
        (200, Vec::new(), body.into())
    }

    fn serve(
        &mut self,
        request: &HttpRequest,
        place: String,
        query: &BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> Answer {
        let upload = query.get("uploadId").cloned();
        let part = query
            .get("partNumber")
            .map(|number| number.parse().unwrap());
        let tagged = |tag: String| vec![("etag".to_owned(), format!("\"{tag}\""))];
        match (request.method(), upload, part) {
            ("GET", None, None) => match self.objects.get(&place) {
                Some(object) => {
                    let mut headers = tagged(object.etag());
                    headers.push((
                        "last-modified".to_owned(),
                        "Mon, 23 Nov 2026 16:00:00 GMT".to_owned(),
                    ));
                    (200, headers, object.body.clone())
                }
                None => refusal(404, "NoSuchKey"),
            },
            ("PUT", None, None) => {
                let object = received(request, body);
                let tag = object.etag();
                self.objects.insert(place, object);
                (200, tagged(tag), Vec::new())
            }
            ("POST", None, None) => {
                self.uploads_begun += 1;
                let id = format!("upload-{}", self.uploads_begun);
                let begun = (received(request, Vec::new()), BTreeMap::new());
                self.uploads.insert(id.clone(), begun);
                let body = format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId>\
                     </InitiateMultipartUploadResult>"
                );
                (200, Vec::new(), body.into())
            }
            ("PUT", Some(id), Some(number)) => {
                let tag = etag(&body);
                self.uploads.get_mut(&id).unwrap().1.insert(number, body);
                (200, tagged(tag), Vec::new())
            }
            ("POST", Some(id), None) => {
                let (mut object, parts) = self.uploads.remove(&id).unwrap();
                object.body = parts.into_values().flatten().collect();
                let body = format!(
                    "<CompleteMultipartUploadResult><ETag>\"{}\"</ETag>\
                     </CompleteMultipartUploadResult>",
                    object.etag()
                );
                self.objects.insert(place, object);
                (200, Vec::new(), body.into())
            }
            ("DELETE", Some(id), None) => {
                self.uploads.remove(&id).unwrap();
                (204, Vec::new(), Vec::new())
            }
            ("DELETE", None, None) => {
                let expected = request.headers().get("if-match").map(str::to_owned);
                match self.objects.get(&place).map(Stored::etag) {
                    None => refusal(404, "NoSuchKey"),
                    Some(tag) if expected != Some(format!("\"{tag}\"")) => {
                        refusal(412, "PreconditionFailed")
                    }
                    Some(_) => {
                        self.objects.remove(&place);
                        (204, Vec::new(), Vec::new())
                    }
                }
            }
            unexpected => panic!("no answer to {unexpected:?} of {place}"),
        }
    }
}

fn received(request: &HttpRequest, body: Vec<u8>) -> Stored {
    let kept = |name: &str| name == "content-type" || name.starts_with("x-amz-meta-");
    let headers = request.headers().iter();
    let headers = headers.filter(|(name, _)| kept(name));
    Stored {
        body,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

fn attribute(form: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let entry = |n: usize, part: &str| format!("MessageAttributes.entry.{n}.{part}");
    let n = (1..20).find(|n| {
        form.get(&entry(*n, "Name"))
            .is_some_and(|found| found == name)
    })?;
    form.get(&entry(n, "Value.StringValue")).cloned()
}

fn refusal(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>");
    (status, Vec::new(), body.into())
}
