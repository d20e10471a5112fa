//! Following a link in an email, as its reader's browser would.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use crate::TargetError;

/// Gets the page behind a plain HTTP link.
///
/// # Errors
/// [`TargetError::Call`] if there is no such page, with what the server said.
pub(crate) async fn follow(link: &str) -> Result<(), TargetError> {
    let failed = |reason: String| TargetError::Call {
        what: format!("following {link}"),
        reason,
    };
    let url = Url::parse(link).map_err(|error| failed(error.to_string()))?;
    let (host, port) = (
        url.host_str().unwrap_or_default(),
        url.port_or_known_default().unwrap_or(80),
    );
    let stream = TcpStream::connect((host, port))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let request = hyper::Request::get(target)
        .header(hyper::header::HOST, format!("{host}:{port}"))
        .header(hyper::header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(error.to_string()))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let page = answer.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>((status, page))
    };
    // The connection moves the bytes; it ends with the exchange.
    let (answer, _) = tokio::join!(exchange, connection);
    let (status, page) = answer.map_err(|error| failed(error.to_string()))?;
    if status.is_success() {
        Ok(())
    } else {
        let page = String::from_utf8_lossy(&page);
        Err(failed(format!("the answer is {status}: {page}")))
    }
}
