//! An HTTP endpoint that writes down what is posted to it, and answers as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// Of 127.0.0.1, signed by itself, until 2126.
pub const CERTIFICATE: &str = include_str!("endpoint/certificate.pem");

/// A published test key that protects nothing.
const TEST_KEY: &str = include_str!("endpoint/test-key-not-a-secret.pem");

/// Ends when it is dropped.
pub struct Endpoint {
    pub url: String,
    posts: Arc<Mutex<Vec<Post>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    _tasks: JoinSet<()>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Post {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Post {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn text(&self, field: &str) -> String {
        self.json()[field].as_str().unwrap().to_owned()
    }
}

impl Endpoint {
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// One of HTTPS, which shows [`CERTIFICATE`].
    pub async fn start_tls() -> Self {
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(TEST_KEY.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let address = listener.local_addr().unwrap();
        let url = format!("{scheme}://{address}/news?of=zips");
        let posts = Arc::<Mutex<Vec<Post>>>::default();
        let answers = Arc::<Mutex<VecDeque<u16>>>::default();
        let mut tasks = JoinSet::new();
        let (seen, told) = (Arc::clone(&posts), Arc::clone(&answers));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, told) = (Arc::clone(&seen), Arc::clone(&told));
                let answer = service_fn(move |request| {
                    let (seen, told) = (Arc::clone(&seen), Arc::clone(&told));
                    async move { Ok::<_, Infallible>(answer(request, &seen, &told).await) }
                });
                let tls = tls.clone();
                connections.spawn(async move {
                    let server = hyper::server::conn::http1::Builder::new();
                    let Some(tls) = tls else {
                        let stream = TokioIo::new(stream);
                        let _ = server.serve_connection(stream, answer).await;
                        return;
                    };
                    // Who does not believe the certificate leaves.
                    if let Ok(stream) = tls.accept(stream).await {
                        let stream = TokioIo::new(stream);
                        let _ = server.serve_connection(stream, answer).await;
                    }
                });
            }
        });
        Self {
            url,
            posts,
            answers,
            _tasks: tasks,
        }
    }

    /// The statuses of the next answers; after them it is 200.
    pub fn will_answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses);
    }

    /// What came since this was asked the last time.
    pub fn take(&self) -> Vec<Post> {
        std::mem::take(&mut *self.posts.lock().unwrap())
    }
}

async fn answer(
    request: http::Request<Incoming>,
    seen: &Mutex<Vec<Post>>,
    told: &Mutex<VecDeque<u16>>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    seen.lock().unwrap().push(Post {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let status = told.lock().unwrap().pop_front().unwrap_or(200);
    let mut answer = Response::new(Full::new(Bytes::from_static(b"thank you")));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}
