//! An emulator, clients for it, and requests signed by hand for what there is no SDK for.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, RoleName, SessionName};

pub const ACCOUNT: &str = "123456789012";

/// Trusts Lambda, and every role of the account whose own policies let it.
pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
"Principal":{"Service":"lambda.amazonaws.com","AWS":"arn:aws:iam::123456789012:root"},
"Action":"sts:AssumeRole"}]}"#;

pub struct World {
    pub emulator: Emulator,
    pub iam: Client,
}

impl World {
    pub async fn start() -> Self {
        let account = AccountId::parse(ACCOUNT).unwrap();
        let region = zipster_names::Region::parse("us-east-1").unwrap();
        let emulator = Emulator::start(Settings::new(account, region))
            .await
            .unwrap();
        let key = emulator.administrator();
        let iam = client(&emulator, sdk_credentials(key));
        Self { emulator, iam }
    }

    pub async fn role(&self, name: &str) {
        let role = self.iam.create_role().role_name(name);
        let role = role.assume_role_policy_document(TRUST);
        role.send().await.unwrap();
    }

    pub async fn allow(&self, role: &str, action: &str, resource: &str) {
        let put = self.iam.put_role_policy().role_name(role);
        put.policy_name("allow")
            .policy_document(statement("Allow", action, resource))
            .send()
            .await
            .unwrap();
    }

    pub async fn policy(&self, name: &str, document: String) -> String {
        let made = self.iam.create_policy().policy_name(name);
        let made = made.policy_document(document).send().await.unwrap();
        made.policy.unwrap().arn.unwrap()
    }

    /// Credentials of a session `s1` of a role.
    pub fn session_of(&self, role: &str) -> Credentials {
        let opened = self.emulator.services().iam.open_session(
            self.emulator.account(),
            &RoleName::parse(role).unwrap(),
            &SessionName::parse("s1").unwrap(),
        );
        sdk_credentials(&opened.unwrap())
    }

    /// A client with a role's authority.
    pub fn iam_as(&self, role: &str) -> Client {
        client(&self.emulator, self.session_of(role))
    }

    pub fn administrator(&self) -> Credentials {
        sdk_credentials(self.emulator.administrator())
    }

    /// The status of a plain request for `address`, whoever has signed that.
    pub async fn get(&self, address: &str) -> u16 {
        let target = address.strip_prefix(&self.emulator.endpoint()).unwrap();
        let host = self.emulator.endpoint().replace("http://", "");
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(&host).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// A signed request with this form: status and body.
    pub async fn post(
        &self,
        service: &str,
        credentials: &Credentials,
        form: &[(&str, &str)],
    ) -> (u16, String) {
        let form: Vec<String> = form
            .iter()
            .map(|(name, value)| {
                let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
                format!("{name}={value}")
            })
            .collect();
        let body = form.join("&");
        let endpoint = self.emulator.endpoint();
        let host = endpoint.strip_prefix("http://").unwrap();
        let mut request = http::Request::post(format!("{endpoint}/"))
            .header("host", host)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(())
            .unwrap();
        sign_request(&mut request, service, credentials, &body);
        let mut text = "POST / HTTP/1.1\r\nConnection: close\r\n".to_owned();
        for (name, value) in request.headers() {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
        text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client signs with the machine's time"
)]
fn sign_request(
    request: &mut http::Request<()>,
    service: &str,
    credentials: &Credentials,
    body: &str,
) {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let signable = SignableRequest::new(
        "POST",
        request.uri().to_string(),
        headers,
        SignableBody::Bytes(body.as_bytes()),
    );
    let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(request);
}

/// A client of a service, with these credentials.
macro_rules! sdk_client {
    ($service:ident, $emulator:expr, $credentials:expr) => {
        $service::Client::from_conf(
            $service::Config::builder()
                .behavior_version($service::config::BehaviorVersion::latest())
                .region($service::config::Region::new("us-east-1"))
                .endpoint_url($emulator.endpoint())
                .credentials_provider($credentials)
                .retry_config($service::config::retry::RetryConfig::disabled())
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
}

pub fn client(emulator: &Emulator, credentials: Credentials) -> Client {
    sdk_client!(aws_sdk_iam, emulator, credentials)
}

impl World {
    pub fn s3(&self, credentials: Credentials) -> aws_sdk_s3::Client {
        let client = sdk_client!(aws_sdk_s3, self.emulator, credentials);
        let config = client.config().to_builder().force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    pub fn sns(&self, credentials: Credentials) -> aws_sdk_sns::Client {
        sdk_client!(aws_sdk_sns, self.emulator, credentials)
    }

    pub fn sqs(&self, credentials: Credentials) -> aws_sdk_sqs::Client {
        sdk_client!(aws_sdk_sqs, self.emulator, credentials)
    }

    pub fn lambda(&self, credentials: Credentials) -> aws_sdk_lambda::Client {
        sdk_client!(aws_sdk_lambda, self.emulator, credentials)
    }
}

pub fn sdk_credentials(key: &zipster_emulator::identity::Credentials) -> Credentials {
    Credentials::new(
        &key.access_key_id,
        key.expose_secret(),
        key.session_token.clone(),
        None,
        "test",
    )
}

/// A policy with one statement.
pub fn statement(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// The code of a refusal, if it is one.
#[track_caller]
pub fn code<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> Option<String> {
    let error = result.err()?;
    let code = error.code().unwrap_or("no code");
    Some(code.to_owned())
}

/// `Code: message` of a refusal.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<T, SdkError<E>>,
) -> String {
    let error = result.unwrap_err();
    let code = error.code().unwrap_or("no code").to_owned();
    format!("{code}: {}", error.message().unwrap_or("no message"))
}

/// What a document in an answer says.
pub fn decoded(document: &str) -> String {
    percent_decode_str(document)
        .decode_utf8()
        .unwrap()
        .into_owned()
}

/// The text of the first element of this name.
#[track_caller]
pub fn element<'a>(body: &'a str, name: &str) -> &'a str {
    let (_, rest) = body
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("no {name} in {body}"));
    rest.split_once(&format!("</{name}>")).unwrap().0
}
