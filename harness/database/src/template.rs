//! An initialised data folder, made once for each version of a server and copied for each start.
//!
//! Initialising takes a second with MariaDB and several with MySQL; copying takes some 30 ms. The
//! files are mostly holes and zeros, so the copy skips what is zero.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cache::Entry;
use crate::error::WayError;
use crate::program::{Make, Program};
use crate::progress::{Event, Progress};
use crate::settings::Settings;

/// Part of a template's name: to be raised when what is done here changes.
const FORMAT: u32 = 1;

/// Sizes that a data folder is made with, and that a server must be started with again.
pub(crate) fn sizes(make: Make) -> &'static [&'static str] {
    match make {
        Make::MariaDb => &["--innodb-log-file-size=10M"],
        Make::MySql => &["--innodb-redo-log-capacity=8M"],
    }
}

/// The template of `program`, made now if it is not there.
pub(crate) async fn of(
    program: &Program,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<PathBuf, WayError> {
    let make = match program.make {
        Make::MySql => "mysql",
        Make::MariaDb => "mariadb",
    };
    let version: String = program
        .version
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let name = format!("{make}-{version}-{}-{FORMAT}", std::env::consts::ARCH);
    let templates = settings.cache.join("templates");
    if templates.join(&name).is_dir() {
        return Ok(templates.join(name));
    }
    let entry = Entry::lock(&templates, &name, progress).await?;
    if !entry.folder().is_dir() {
        progress.tell(&Event::Preparing {
            version: program.describe(),
        });
        let made = entry.begin()?;
        let (program, data) = (program.clone(), made.path().to_path_buf());
        tokio::task::spawn_blocking(move || initialise(&program, &data))
            .await
            .expect("initialising does not panic")?;
        entry.publish(made)?;
    }
    Ok(entry.folder().to_path_buf())
}

fn initialise(program: &Program, data: &Path) -> Result<(), WayError> {
    let mut line = program.command_line(data);
    line.extend(sizes(program.make).iter().map(OsString::from));
    let input = match program.make {
        Make::MySql => {
            line.push("--initialize-insecure".into());
            Vec::new()
        }
        Make::MariaDb => {
            // What `mariadb-install-db` does, without its side effects as root: it would change
            // the owner of the installed PAM helper.
            line.extend(
                [
                    "--bootstrap",
                    "--enforce-storage-engine=",
                    "--max-allowed-packet=8M",
                    "--net-buffer-length=16K",
                    "--log-warnings=0",
                ]
                .map(OsString::from),
            );
            system_tables(program)?
        }
    };
    let output = feed(&line, &input).map_err(WayError::io("initialise a data folder"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(WayError::Command {
        what: format!("initialising a data folder with {}", program.describe()),
        status: output.status.to_string(),
        output: String::from_utf8_lossy(&text).into_owned(),
    })
}

/// The scripts that make MariaDB's system tables. Help texts and the `sys` schema are left out:
/// nobody reads them here, and they are most of the volume.
fn system_tables(program: &Program) -> Result<Vec<u8>, WayError> {
    let mut sql = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n".to_vec();
    for script in ["system_tables", "performance_tables", "system_tables_data"] {
        let share = program
            .share()
            .unwrap_or_else(|| program.base.join("share"));
        // The prefix changed with MariaDB 11.
        let path = ["mysql", "mariadb"]
            .map(|prefix| share.join(format!("{prefix}_{script}.sql")))
            .into_iter()
            .find(|path| path.is_file())
            .ok_or_else(|| {
                let share = share.display();
                WayError::Missing(format!("no script {script}.sql in {share}"))
            })?;
        let text = fs::read(&path).map_err(WayError::io(format!("read {}", path.display())))?;
        sql.extend(text);
        sql.push(b'\n');
    }
    Ok(sql)
}

/// Runs a command with `input`, and collects what it writes. Blocks.
fn feed(line: &[OsString], input: &[u8]) -> io::Result<std::process::Output> {
    let mut child = Command::new(&line[0])
        .args(&line[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // Beside the collecting, so that neither side waits for a full pipe.
        scope.spawn(move || {
            // A server that gave up reads no further; its exit status says why.
            let _ = stdin.take().map(|mut stdin| stdin.write_all(input));
        });
        child.wait_with_output()
    })
}

/// Copies a folder and what is in it. Blocks; zeros become holes.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            copy_file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    const PIECE: usize = 64 * 1024;
    static ZEROS: [u8; PIECE] = [0; PIECE];

    let mut source = File::open(from)?;
    let mut target = File::create_new(to)?;
    let mut piece = vec![0; PIECE];
    let mut length = 0;
    loop {
        let read = source.read(&mut piece)?;
        if read == 0 {
            break;
        }
        length += read as u64;
        if piece[..read] == ZEROS[..read] {
            target.seek(SeekFrom::Start(length))?;
        } else {
            target.write_all(&piece[..read])?;
        }
    }
    // A hole at the end is not made by seeking alone.
    target.set_len(length)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    use super::copy;

    #[test]
    fn a_copy_has_the_same_bytes_and_takes_no_room_for_zeros() {
        let from = tempfile::tempdir().unwrap();
        let to = tempfile::tempdir().unwrap();
        let mut bytes = vec![0; 1_000_001];
        bytes[300_000] = 7;
        fs::create_dir(from.path().join("folder")).unwrap();
        fs::write(from.path().join("folder/sparse"), &bytes).unwrap();
        fs::write(from.path().join("empty"), b"").unwrap();

        copy(from.path(), to.path()).unwrap();

        let sparse = to.path().join("folder/sparse");
        assert!(fs::read(&sparse).unwrap() == bytes);
        assert!(fs::metadata(&sparse).unwrap().blocks() * 512 < 500_000);
        assert_eq!(fs::read(to.path().join("empty")).unwrap(), b"");
    }
}
