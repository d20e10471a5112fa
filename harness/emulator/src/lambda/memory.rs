//! How much memory a function's processes hold, and when it is more than the function has.
//!
//! What counts is what the system cannot take back: anonymous and shared memory of the process
//! and all its descendants. Pages of files, a program's own included, do not count, since the
//! system may drop them; neither does address space that was reserved and never used, which Go,
//! Java and every thread's stack have plenty of. That is why no resource limit does the work:
//! `RLIMIT_AS` and `RLIMIT_DATA` count exactly that, and a function that they stop sees a failed
//! allocation where on AWS it would be killed.
//!
//! Differs from AWS: it is looked at every [`LOOK`] and whenever the process asks the Runtime API
//! for something, before an answer counts; what is taken and given back in between may escape.
//! Descendants are found through `/proc`, so that a process whose parent has ended is not.

use std::fs;
use std::time::Duration;

/// The pause between two looks: a process can fill some ten megabytes in it.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// How many looks in turn have to find too much where there are several processes: one that is
/// just being started shares its parent's memory for a moment and would count twice.
const AGREE: u32 = 2;

/// How deep and how many descendants are looked at.
const MOST_PROCESSES: usize = 512;

/// The memory of a process and its descendants over time.
#[derive(Debug)]
pub(super) struct Memory {
    process: u32,
    /// In KiB.
    limit: u64,
    /// In KiB.
    peak: u64,
    /// Looks in turn that found too much.
    over: u32,
}

/// What one process holds, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    /// What counts against the limit.
    fixed: u64,
    /// Everything that is in memory now.
    resident: u64,
    /// The most that ever was.
    peak: u64,
}

/// Whether this system tells what a process holds.
pub(super) fn is_told() -> bool {
    Held::of(std::process::id()).is_some()
}

impl Memory {
    /// The memory of `process`, which may hold `limit` MB.
    pub(super) fn new(process: u32, limit: u32) -> Self {
        Self {
            process,
            limit: u64::from(limit) * 1024,
            peak: 0,
            over: 0,
        }
    }

    /// Looks, and says whether the limit is passed. A process that has ended, or a system that
    /// says nothing, passes none.
    pub(super) fn look(&mut self) -> bool {
        let processes = descendants(self.process);
        let held: Vec<Held> = processes.iter().filter_map(|id| Held::of(*id)).collect();
        let resident: u64 = held.iter().map(|held| held.resident).sum();
        let first = held.first().map_or(0, |held| held.peak);
        self.peak = self.peak.max(resident).max(first);
        let fixed: u64 = held.iter().map(|held| held.fixed).sum();
        if fixed <= self.limit {
            self.over = 0;
            return false;
        }
        if held.len() < 2 {
            return true;
        }
        // Pages that a process shares with its parent since it was forked were counted twice.
        let shares: u64 = processes.iter().filter_map(|id| proportional(*id)).sum();
        self.over = if shares > self.limit {
            self.over + 1
        } else {
            0
        };
        self.over >= AGREE
    }

    /// The most that was seen, in MB, rounded up; never more than the function has, as on AWS.
    pub(super) fn peak(&self) -> u64 {
        self.peak.min(self.limit).div_ceil(1024)
    }
}

impl Held {
    fn of(process: u32) -> Option<Self> {
        Self::read(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
    }

    fn read(status: &str) -> Option<Self> {
        let field = |name| field(status, name);
        Some(Self {
            fixed: field("RssAnon:")? + field("RssShmem:")?,
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// What a process holds of its own and its part of what it shares, in KiB.
fn proportional(process: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    Some(field(&rollup, "Pss_Anon:")? + field(&rollup, "Pss_Shmem:")?)
}

/// The number of KiB in the line that begins with `name`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// A process and all that it and its children started.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = vec![process];
    let mut next = 0;
    while next < found.len() && found.len() < MOST_PROCESSES {
        let threads = fs::read_dir(format!("/proc/{}/task", found[next]));
        for thread in threads.into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
        next += 1;
    }
    found
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_holds_is_read_from_its_status() {
        let status = "Name:\tx\nVmPeak:\t  900 kB\nVmHWM:\t   80 kB\nVmRSS:\t   60 kB\n\
                      RssAnon:\t   30 kB\nRssFile:\t   20 kB\nRssShmem:\t   10 kB\n";
        let held = Held::read(status).unwrap();
        let expected = Held {
            fixed: 40,
            resident: 60,
            peak: 80,
        };
        assert_eq!(held, expected);
        // A process that has ended and was not yet waited for holds nothing.
        assert_eq!(Held::read("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_process_passes_a_limit_that_is_below_what_it_holds() {
        let this = std::process::id();
        let mut generous = Memory::new(this, 10_240);
        assert!(!generous.look());
        assert!(generous.peak() > 0);
        let mut tight = Memory::new(this, 0);
        // Other tests of this program may have children at the moment.
        assert!(tight.look() || tight.look());
        assert_eq!(tight.peak(), 0);
    }

    #[test]
    fn children_of_children_are_found() {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "/bin/sh -c 'echo; read line; :'; :"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let found = descendants(child.id());
        assert!(found.len() >= 2, "{found:?}");
        assert!(proportional(found[1]).is_some());
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
