//! The emulator alone, without a stack, a pipeline or a database: one line of JSON says how to
//! reach it, and SIGINT or SIGTERM ends it.
//!
//! ```text
//! cargo run -p zipster-emulator --example serve
//! {"endpoint":"http://127.0.0.1:40123","region":"us-east-1","account":"123456789012",...}
//! ```
//!
//! `PORT` chooses the port, for a client that cannot be told one, and `ZIPSTER_SMTP` a server that gets
//! the emails (`smtp://host:port`). The arguments are further accounts,
//! whose administrators' keys are in the line as well:
//! `{..., "accounts":{"210987654321":{"access_key_id":...}}}`.

use std::error::Error;
use std::io::Write as _;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use zipster_emulator::courier::Relay;
use zipster_emulator::{Emulator, Settings};
use zipster_names::{AccountId, Region};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Before anything is started: from here on the signals no longer end the process by themselves.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut settings = Settings::new(
        AccountId::parse("123456789012")?,
        Region::parse("us-east-1")?,
    );
    if let Ok(port) = std::env::var("PORT") {
        settings.port = port.parse()?;
    }
    if let Ok(url) = std::env::var("ZIPSTER_SMTP") {
        settings.relay = Some(Relay::parse(&url)?);
    }
    let emulator = Emulator::start(settings).await?;
    let administrator = emulator.administrator();
    let mut accounts = serde_json::Map::new();
    for account in std::env::args().skip(1) {
        let key = emulator.administrator_of(AccountId::parse(&account)?);
        let key = json!({
            "access_key_id": key.access_key_id,
            "secret_access_key": key.expose_secret(),
        });
        accounts.insert(account, key);
    }
    let line = json!({
        "endpoint": emulator.endpoint(),
        "region": emulator.region().to_string(),
        "account": emulator.account().to_string(),
        "access_key_id": administrator.access_key_id,
        "secret_access_key": administrator.expose_secret(),
        "accounts": accounts,
    });
    writeln!(std::io::stdout(), "{line}")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    emulator.stop().await?;
    Ok(())
}
