//! A MySQL server in a container: the last way, and the one that a stack of containers needs.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use testcontainers::bollard::models::HostConfig;
use testcontainers::bollard::query_parameters::InspectNetworkOptions;
use testcontainers::core::IntoContainerPort;
use testcontainers::core::client::docker_client_instance;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ImageExt};
use testcontainers_modules::mysql::Mysql;

use crate::DatabaseUrl;
use crate::error::WayError;
use crate::progress::{Event, Progress};
use crate::settings::Settings;

const PORT: u16 = 3306;

/// A running container, removed when dropped.
#[derive(Debug)]
pub(crate) struct Container {
    container: ContainerAsync<Mysql>,
    url: DatabaseUrl,
    name: String,
    _remover: Option<Remover>,
}

impl Container {
    pub(crate) async fn start(
        settings: &Settings,
        progress: &dyn Progress,
    ) -> Result<Self, WayError> {
        let failed =
            |error: testcontainers::TestcontainersError| WayError::Container(Box::new(error));
        progress.tell(&Event::StartingContainer {
            image: settings.image.clone(),
        });
        let (image, tag) = split_image(&settings.image);
        let name = format!("zipster-database-{:016x}", rand::random::<u64>());
        let password = format!("{:032x}", rand::random::<u128>());
        let mut request = Mysql::default()
            .with_name(image)
            .with_tag(tag)
            .with_container_name(&name)
            .with_mapped_port(0, PORT.tcp())
            // Where Docker is on another machine the port is open to the network, so not without a
            // password.
            .with_env_var("MYSQL_ROOT_PASSWORD", &password)
            .with_cmd([
                "--skip-log-bin",
                "--skip-name-resolve",
                "--innodb-doublewrite=0",
                "--innodb-flush-log-at-trx-commit=0",
            ]);
        let address = match settings.docker_is_here {
            true => Some(published_address().await),
            false => None,
        };
        if let Some(address) = address {
            request = request.with_host_config_modifier(move |config| publish_at(address, config));
        }
        if let Some(network) = &settings.network {
            request = request.with_network(network);
        }
        for (label, value) in &settings.labels {
            request = request.with_label(label, value);
        }
        // From here on a killed process leaves no container behind.
        let remover = match settings.find_program("docker") {
            Some(docker) => {
                Some(Remover::spawn(&docker, &name).map_err(WayError::io("start /bin/sh"))?)
            }
            None => None,
        };
        let container = request.start().await.map_err(failed)?;
        let host = match address {
            Some(address) => address.to_string(),
            None => container.get_host().await.map_err(failed)?.to_string(),
        };
        let port = container
            .get_host_port_ipv4(PORT.tcp())
            .await
            .map_err(failed)?;
        Ok(Self {
            url: DatabaseUrl::of_server(&host, port, "root", &password),
            container,
            name,
            _remover: remover,
        })
    }

    /// The administrator's way in.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    pub(crate) fn id(&self) -> &str {
        self.container.id()
    }

    /// Where other containers of the same network find the server.
    pub(crate) fn address_in_network(&self) -> (String, u16) {
        (self.name.clone(), PORT)
    }

    pub(crate) async fn stop(self) -> Result<(), testcontainers::TestcontainersError> {
        self.container.rm().await
    }
}

/// The address at which an engine on this machine publishes containers' ports for us, and for nobody
/// outside: this machine's own, or for a program that runs in a container itself and was given the
/// engine's socket, the gateway of Docker's usual network.
pub async fn published_address() -> IpAddr {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    // Docker puts this file into every container.
    if !Path::new("/.dockerenv").exists() {
        return here;
    }
    let Ok(docker) = docker_client_instance().await else {
        return here;
    };
    let network = docker
        .inspect_network("bridge", None::<InspectNetworkOptions>)
        .await;
    network
        .ok()
        .and_then(|network| network.ipam?.config)
        .into_iter()
        .flatten()
        .find_map(|config| config.gateway?.parse().ok())
        .unwrap_or(here)
}

/// Has a container's ports published at one address alone.
pub fn publish_at(address: IpAddr, config: &mut HostConfig) {
    for bindings in config.port_bindings.iter_mut().flatten().map(|(_, at)| at) {
        for binding in bindings.iter_mut().flatten() {
            binding.host_ip = Some(address.to_string());
        }
    }
}

/// The name and the tag of an image: of `mysql:8.4` and of `registry.example:5000/mysql` alike.
#[must_use]
pub fn split_image(image: &str) -> (&str, &str) {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (image, "latest"),
    }
}

/// Removes the container when our end of a pipe closes: when this is dropped, or when this process
/// is killed outright.
#[derive(Debug)]
struct Remover {
    child: Child,
    pipe: Option<ChildStdin>,
}

impl Remover {
    fn spawn(docker: &Path, container: &str) -> io::Result<Self> {
        let script = r#"while IFS= read -r line; do :; done; "$0" rm --force --volumes "$1""#;
        let mut child = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(docker)
            .arg(container)
            .stdin(Stdio::piped())
            // That the container is gone already is the usual case.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self {
            pipe: child.stdin.take(),
            child,
        })
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // There is nobody to tell, and the script cleans up without us.
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::split_image;

    #[test]
    fn an_image_has_a_name_and_a_tag() {
        assert_eq!(split_image("mysql:8.4"), ("mysql", "8.4"));
        assert_eq!(split_image("mysql"), ("mysql", "latest"));
        assert_eq!(
            split_image("host:5000/mysql"),
            ("host:5000/mysql", "latest")
        );
        assert_eq!(split_image("host:5000/mysql:9"), ("host:5000/mysql", "9"));
    }
}
