//! An emulator whose patience a test controls, and clients that send bytes.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::presigning::PresigningConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;

use zipster_emulator::clock::{Clock, SystemClock, Wait};
use zipster_emulator::front::Limits;
use zipster_emulator::{Emulator, Settings};
use zipster_names::AccountId;

pub const BUCKET: &str = "the-bucket";
pub const HEAD: Duration = Duration::from_secs(21);
pub const IDLE: Duration = Duration::from_secs(61);
pub const STALL: Duration = Duration::from_secs(22);

/// A clock whose limits end when a test says so, and from then on at once.
#[derive(Debug, Default)]
pub struct Held {
    passed: watch::Sender<HashSet<Duration>>,
    broken: AtomicBool,
}

impl Held {
    /// Lets the limits of this length pass.
    pub fn pass(&self, length: Duration) {
        self.passed.send_modify(|passed| {
            passed.insert(length);
        });
    }

    /// The next question for the time is too much for it.
    pub fn break_once(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }
}

impl Clock for Held {
    fn now(&self) -> time::OffsetDateTime {
        assert!(
            !self.broken.swap(false, Ordering::SeqCst),
            "the clock is broken, as the test wants it"
        );
        SystemClock::real_time().now()
    }

    fn pause(&self, length: Duration) -> Wait {
        SystemClock::real_time().pause(length)
    }

    fn limit(&self, length: Duration) -> Wait {
        if ![HEAD, IDLE, STALL].contains(&length) {
            return SystemClock::real_time().limit(length);
        }
        let mut passed = self.passed.subscribe();
        Box::pin(async move {
            let _ = passed.wait_for(|passed| passed.contains(&length)).await;
        })
    }
}

/// An emulator with one bucket, a client that behaves, and the emulator's patience.
pub struct World {
    pub emulator: Emulator,
    pub clock: Arc<Held>,
    pub s3: Client,
}

impl World {
    pub async fn start() -> Self {
        Self::with_connections(Limits::default().connections).await
    }

    pub async fn with_connections(connections: usize) -> Self {
        let clock = Arc::new(Held::default());
        let mut settings = Settings::new(
            AccountId::parse("123456789012").unwrap(),
            zipster_names::Region::parse("us-east-1").unwrap(),
        );
        settings.clock = clock.clone();
        settings.limits = Limits {
            connections,
            head: HEAD,
            idle: IDLE,
            stall: STALL,
        };
        let emulator = Emulator::start(settings).await.unwrap();
        let key = emulator.administrator();
        let credentials = Credentials::new(
            &key.access_key_id,
            key.expose_secret(),
            None,
            None,
            "administrator",
        );
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(emulator.endpoint())
            .force_path_style(true)
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        let s3 = Client::from_conf(config.build());
        s3.create_bucket().bucket(BUCKET).send().await.unwrap();
        Self {
            emulator,
            clock,
            s3,
        }
    }

    /// Another client is served as if nothing were.
    pub async fn others_are_served(&self) {
        self.s3.list_buckets().send().await.unwrap();
    }

    pub async fn has_object(&self, key: &str) -> bool {
        let head = self.s3.head_object().bucket(BUCKET).key(key).send().await;
        head.is_ok()
    }

    /// The head of a signed put of `length` bytes.
    pub async fn put(&self, key: &str, length: usize) -> String {
        let put = self.s3.put_object().bucket(BUCKET).key(key);
        let presigned = put.presigned(presigning()).await.unwrap();
        let (host, path) = split(presigned.uri());
        format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n")
    }

    /// A signed get.
    pub async fn get(&self, key: &str) -> String {
        let get = self.s3.get_object().bucket(BUCKET).key(key);
        let presigned = get.presigned(presigning()).await.unwrap();
        let (host, path) = split(presigned.uri());
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    }

    pub async fn connect(&self) -> Peer {
        let endpoint = self.emulator.endpoint();
        let address = endpoint.strip_prefix("http://").unwrap();
        Peer(TcpStream::connect(address).await.unwrap())
    }

    /// A connection that takes little at a time: the system keeps no more for it than a few KB.
    pub async fn connect_narrow(&self) -> Peer {
        let endpoint = self.emulator.endpoint();
        let address = endpoint.strip_prefix("http://").unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Peer(socket.connect(address.parse().unwrap()).await.unwrap())
    }

    /// A connection that sends this.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> Peer {
        let mut peer = self.connect().await;
        peer.write(bytes).await;
        peer
    }
}

/// The head of a request to a service, signed by nobody: the body comes before the signature.
pub fn call(service: &str, length: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=AKIA/20261129/us-east-1/{service}/aws4_request, SignedHeaders=host, \
         Signature=0\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n{length}\r\n\r\n"
    )
}

/// The other end of a connection.
pub struct Peer(TcpStream);

impl Peer {
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Everything until the emulator closes the connection.
    pub async fn rest(&mut self) -> String {
        let mut answer = Vec::new();
        // One that is cut while bytes are under way ends with an error.
        let _ = self.0.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Until what came ends with this.
    pub async fn until(&mut self, end: &str) -> String {
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            let read = self.0.read_buf(&mut answer).await.unwrap();
            assert!(read > 0, "only {}", String::from_utf8_lossy(&answer));
        }
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Path and query of a presigned URL, and its host.
fn split(uri: &str) -> (String, String) {
    let rest = uri.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    (host.to_owned(), format!("/{path}"))
}

fn presigning() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_secs(60)).unwrap()
}
