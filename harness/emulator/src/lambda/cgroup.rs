//! The kernel's own memory limit, where control groups of version 2 can be made.
//!
//! That takes a group above the emulator's own in which groups with the memory controller may be
//! made and processes moved: what systemd delegates to a user, or root's. Each process of a
//! function gets a group of its own beside the emulator's, and the group is removed with it.
//!
//! Left out: version 1, which systemd no longer mounts.
//!
//! Follows <https://docs.kernel.org/admin-guide/cgroup-v2.html>.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A group in which others with a memory limit can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home(PathBuf);

/// The group of one process and all that it starts. Dropped, it is removed if nothing is left in
/// it.
#[derive(Debug)]
pub(super) struct Cgroup(PathBuf);

impl Home {
    /// The nearest such group above this process, tried out.
    pub(super) fn find(name: &str) -> Option<Self> {
        let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let (top, own) = place(&membership, &mounts)?;
        own.ancestors()
            .take_while(|folder| folder.starts_with(&top))
            .filter(|folder| limits_memory(folder))
            .map(|folder| Self(folder.to_path_buf()))
            .find(|home| home.works(name))
    }

    /// Whether a process can be moved into a group made here.
    fn works(&self, name: &str) -> bool {
        let try_out = || -> io::Result<()> {
            let group = self.make(name, 128)?;
            let mut child = Command::new("/bin/sh")
                .args(["-c", "read line"])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let entered = group.enter(child.id());
            drop(child.stdin.take());
            child.wait()?;
            group.remove()?;
            entered
        };
        match try_out() {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, folder = %self.0.display(), "no control groups here");
                false
            }
        }
    }

    /// A group that may hold `megabytes`, none of it swapped out. When it wants more all its
    /// processes are killed.
    pub(super) fn make(&self, name: &str, megabytes: u64) -> io::Result<Cgroup> {
        let folder = self.0.join(name);
        fs::create_dir(&folder)?;
        let group = Cgroup(folder);
        group.set("memory.max", &(megabytes * 1024 * 1024).to_string())?;
        group.set("memory.oom.group", "1")?;
        match group.set("memory.swap.max", "0") {
            // A kernel without swap accounting has no such file.
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(group),
        }
    }
}

impl Cgroup {
    /// Moves a process, and with it what it will start, into the group.
    pub(super) fn enter(&self, process: u32) -> io::Result<()> {
        self.set("cgroup.procs", &process.to_string())
    }

    /// Whether the kernel has killed here because the limit was reached.
    pub(super) fn ran_out(&self) -> bool {
        let events = fs::read_to_string(self.0.join("memory.events")).unwrap_or_default();
        events.lines().any(|line| {
            line.strip_prefix("oom_kill ")
                .is_some_and(|count| count.trim() != "0")
        })
    }

    /// Kills what is left in the group, also what has left the process's own process group.
    pub(super) fn kill(&self) {
        // Kernels before 5.14 have no such file.
        let _ = self.set("cgroup.kill", "1");
    }

    /// Removes the group; an error as long as something runs in it.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_dir(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// These files exist since the group was made, so none is created: a missing one is an error.
    fn set(&self, file: &str, value: &str) -> io::Result<()> {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(cfg!(test))
            .truncate(false)
            .open(self.0.join(file))?;
        file.write_all(value.as_bytes())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, folder = %self.0.display(), "cannot remove a control group");
        }
    }
}

/// Where the tree of version 2 is mounted, and this process's place in it.
fn place(membership: &str, mounts: &str) -> Option<(PathBuf, PathBuf)> {
    let own = membership
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))?;
    let top = mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let is_ours = kind.starts_with("cgroup2 ");
        // Its fifth field; the fourth is the part of the tree that is mounted, `/` unless we are
        // shown only a part, in which our own place is not to be found.
        let mut fields = mount.split(' ').skip(3);
        let (part, point) = (fields.next()?, fields.next()?);
        (is_ours && part == "/").then(|| PathBuf::from(point))
    })?;
    let own = top.join(own);
    Some((top, own))
}

/// Whether groups made in this one have the memory controller.
fn limits_memory(folder: &Path) -> bool {
    fs::read_to_string(folder.join("cgroup.subtree_control"))
        .is_ok_and(|controllers| controllers.split_whitespace().any(|name| name == "memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_this_process_is_found() {
        let mounts = "24 18 0:20 / /sys rw - sysfs sysfs rw\n\
                      31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        let found = place("0::/user.slice/app.scope\n", mounts).unwrap();
        let expected = ("/sys/fs/cgroup", "/sys/fs/cgroup/user.slice/app.scope");
        assert_eq!(found, (expected.0.into(), expected.1.into()));
        // Version 1 alone.
        assert_eq!(place("4:memory:/x\n", mounts), None);
        assert_eq!(
            place("0::/x\n", "24 18 0:20 / /sys rw - sysfs sysfs rw\n"),
            None
        );
    }

    #[test]
    fn only_a_group_that_passes_the_controller_on_is_a_home() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!limits_memory(folder.path()));
        let control = folder.path().join("cgroup.subtree_control");
        fs::write(&control, "cpu pids\n").unwrap();
        assert!(!limits_memory(folder.path()));
        fs::write(&control, "cpu memory pids\n").unwrap();
        assert!(limits_memory(folder.path()));
    }

    #[test]
    fn a_group_has_its_limit_and_its_process_and_tells_why_it_died() {
        let folder = tempfile::tempdir().unwrap();
        let group = Home(folder.path().to_path_buf()).make("one", 128).unwrap();
        group.enter(42).unwrap();
        let file = |name: &str| fs::read_to_string(folder.path().join("one").join(name)).unwrap();
        assert_eq!(file("memory.max"), "134217728");
        assert_eq!(file("memory.swap.max"), "0");
        assert_eq!(file("memory.oom.group"), "1");
        assert_eq!(file("cgroup.procs"), "42");
        assert!(!group.ran_out());
        let events = folder.path().join("one/memory.events");
        fs::write(&events, "low 0\nmax 9\noom 0\noom_kill 0\n").unwrap();
        assert!(!group.ran_out());
        fs::write(
            &events,
            "low 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 1\n",
        )
        .unwrap();
        assert!(group.ran_out());
        group.kill();
        assert_eq!(file("cgroup.kill"), "1");
        // Only in this imitation are there files to remove first.
        fs::remove_dir_all(folder.path().join("one")).unwrap();
        group.remove().unwrap();
    }

    #[test]
    fn a_folder_that_is_no_control_group_is_no_home() {
        let folder = tempfile::tempdir().unwrap();
        // Its groups cannot be removed with their files in them.
        assert!(!Home(folder.path().to_path_buf()).works("probe"));
    }
}
