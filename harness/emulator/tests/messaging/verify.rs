//! Signatures under messages, verified as AWS tells subscribers to: by ring, which did not make
//! them, and by openssl where there is one.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>.

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey,
};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is signed in a notification, in this order.
pub const NOTIFICATION: &[&str] = &[
    "Message",
    "MessageId",
    "Subject",
    "Timestamp",
    "TopicArn",
    "Type",
];

/// A GET without a signature, as a browser sends it: status and body.
pub async fn get(url: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// Whether the signature of an envelope verifies against the certificate that it names. Whoever
/// verifies must agree.
pub async fn verifies(envelope: &Value, fields: &[&str]) -> bool {
    // Functions read `Url`, everybody else `URL`.
    let url = envelope
        .get("SigningCertURL")
        .or_else(|| envelope.get("SigningCertUrl"));
    let (status, pem) = get(url.unwrap().as_str().unwrap()).await;
    assert_eq!(status, 200, "{pem}");
    let (algorithm, digest): (&'static RsaParameters, _) =
        match envelope["SignatureVersion"].as_str() {
            Some("1") => (&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, "-sha1"),
            Some("2") => (&RSA_PKCS1_2048_8192_SHA256, "-sha256"),
            other => panic!("signature version {other:?}"),
        };
    let canonical: String = fields
        .iter()
        .filter_map(|name| Some(format!("{name}\n{}\n", envelope.get(*name)?.as_str()?)))
        .collect();
    let signature = STANDARD
        .decode(envelope["Signature"].as_str().unwrap())
        .unwrap();
    let verified = UnparsedPublicKey::new(algorithm, public_key(&pem))
        .verify(canonical.as_bytes(), &signature)
        .is_ok();
    match second_opinion(&pem, digest, &canonical, &signature) {
        Some(opinion) => assert_eq!(opinion, verified, "openssl and ring disagree"),
        None => eprintln!("there is no openssl here: the signature was verified by ring only"),
    }
    verified
}

/// The RSA public key inside a certificate of a key of 2048 bits: the only sequence of that length
/// that begins with a number of that length.
fn public_key(pem: &str) -> Vec<u8> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    let der = STANDARD.decode(base64).unwrap();
    let head = [0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01];
    let at = der.windows(head.len()).position(|w| w == head).unwrap();
    der[at..at + 4 + 0x010a].to_vec()
}

/// What openssl says; `None` where there is none.
fn second_opinion(pem: &str, digest: &str, canonical: &str, signature: &[u8]) -> Option<bool> {
    if Command::new("openssl").arg("version").output().is_err() {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let certificate = file("certificate.pem", pem.as_bytes());
    let key = Command::new("openssl")
        .args(["x509", "-noout", "-pubkey", "-in"])
        .arg(certificate)
        .output()
        .unwrap();
    assert!(key.status.success(), "{key:?}");
    let verified = Command::new("openssl")
        .args(["dgst", digest, "-verify"])
        .arg(file("key.pem", &key.stdout))
        .arg("-signature")
        .arg(file("signature", signature))
        .arg(file("canonical", canonical.as_bytes()))
        .output()
        .unwrap();
    let said = String::from_utf8(verified.stdout).unwrap();
    match said.trim() {
        "Verified OK" => Some(true),
        // Some versions say "Verification failure", others add an underscore or an exclamation.
        other if other.to_lowercase().starts_with("verification") => Some(false),
        other => panic!("openssl said {other:?}: {:?}", verified.stderr),
    }
}
