//! An HTTP endpoint that writes down what is posted to it, and answers as it is told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

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
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/news?of=zips", listener.local_addr().unwrap());
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
                connections.spawn(async move {
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
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
