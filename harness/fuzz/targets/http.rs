//! Requests against a whole emulator, without sockets: each input is one connection.
//!
//! `raw` in the first line, and the rest is sent as it is. Otherwise the first line is a service, a
//! method and a target, then come headers, an empty line and a body, and the request is signed by the
//! administrator, so that it gets as far as the operation.

#![no_main]

use std::sync::Mutex;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use zipster_emulator::clock::{Clock, SystemClock};
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

/// After so many requests everything is made anew, so that memory does not grow.
const FRESH: u32 = 5000;

struct World {
    // Its time jumps ahead when everybody waits, so that no limit and no pause takes any.
    runtime: Runtime,
    emulator: Option<Emulator>,
    requests: u32,
}

impl World {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let mut settings = Settings::new(
            AccountId::parse("123456789012").expect("twelve digits"),
            Region::parse("us-east-1").expect("a region"),
        );
        // Identifiers repeat, so that inputs can name what others have made.
        settings.seed = 1;
        let emulator = runtime
            .block_on(Emulator::start(settings))
            .expect("an emulator");
        Self {
            runtime,
            emulator: Some(emulator),
            requests: 0,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        let emulator = self.emulator.as_ref().expect("it has not been stopped");
        self.requests += 1;
        self.runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(64 * 1024);
            let talk = async {
                // The emulator may have heard enough before the end.
                let _ = client.write_all(bytes).await;
                let _ = client.shutdown().await;
                let mut answer = Vec::new();
                let _ = client.read_to_end(&mut answer).await;
                answer
            };
            let (answer, ()) = tokio::join!(talk, emulator.converse(server));
            answer
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(emulator) = self.emulator.take() {
            let _ = self.runtime.block_on(emulator.stop());
        }
    }
}

// Never dropped at the process's end, when a runtime cannot run any more.
static WORLD: Mutex<Option<World>> = Mutex::new(None);

fuzz_target!(|data: &[u8]| {
    let mut slot = WORLD.lock().expect("a panic ends the process");
    if slot.as_ref().is_some_and(|world| world.requests >= FRESH) {
        *slot = None;
    }
    let world = slot.get_or_insert_with(World::start);
    let bytes = match data.strip_prefix(b"raw\n") {
        Some(raw) => raw.to_vec(),
        None => match signed(world.emulator.as_ref().expect("it runs"), data) {
            Some(bytes) => bytes,
            None => return,
        },
    };
    let answer = world.send(&bytes);
    assert!(
        !answer.starts_with(b"HTTP/1.1 500"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
});

/// `SERVICE METHOD TARGET`, headers, an empty line, a body: as bytes of a signed request.
fn signed(emulator: &Emulator, data: &[u8]) -> Option<Vec<u8>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let mut words = lines.next()?.splitn(3, ' ');
    let (service, method, target) = (words.next()?, words.next()?, words.next()?);
    let headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    let uri = format!("http://localhost{target}");
    let key = emulator.administrator();
    let credentials =
        Credentials::new(&key.access_key_id, key.expose_secret(), None, None, "fuzz").into();
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
    }
    let params = v4::SigningParams::builder()
        .identity(&credentials)
        .region("us-east-1")
        .name(service)
        .time(SystemClock::real_time().now().into())
        .settings(settings)
        .build()
        .ok()?
        .into();
    let signable = match headers
        .iter()
        .find(|(name, _)| *name == "x-amz-content-sha256")
    {
        Some((_, value)) => SignableBody::Precomputed((*value).to_owned()),
        None => SignableBody::Bytes(body),
    };
    let others = headers
        .iter()
        .copied()
        .filter(|(name, _)| *name != "x-amz-content-sha256");
    let request = SignableRequest::new(method, &uri, others.clone(), signable).ok()?;
    let (instructions, _) = sign(request, &params).ok()?.into_parts();
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\n");
    for (name, value) in others.chain(instructions.headers()) {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!(
        "connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    Some(bytes)
}
