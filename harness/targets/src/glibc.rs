//! Which C library an executable asks for.
//!
//! `provided.al2023` is Amazon Linux 2023, whose glibc is 2.34
//! (<https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>). An executable that was linked
//! against a newer one does not start there: the loader says so in the function's log, long after
//! the deploy. What it asks for stands in its dynamic symbols' versions (the ELF specification's
//! GNU extension, section `.gnu.version_r`), so it can be said in advance.

use std::fmt;
use std::io::{self, Read as _};
use std::path::Path;

use object::Endianness;
use object::elf::{FileHeader64, VER_NDX_GLOBAL};
use object::read::elf::{FileHeader as _, Sym as _};

/// A version of glibc, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

/// What Amazon Linux 2023 has.
pub const AMAZON_LINUX_2023: Version = Version(2, 34);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// Of a symbol's version, such as `GLIBC_2.34`; other libraries have other words, and
    /// `GLIBC_PRIVATE` is no version.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix("GLIBC_")?.split('.');
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some(Self(major, minor))
    }
}

/// A symbol that an executable asks of glibc, and since when glibc has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Such as `pidfd_spawnp`.
    pub name: String,
    /// The first version that has it in the form asked for.
    pub since: Version,
}

/// The symbols of an executable that are newer than `limit`, the newest first.
///
/// A weak symbol is left out: the loader does without.
///
/// # Errors
/// If it is no 64-bit ELF file, or a broken one.
pub fn newer_than(limit: Version, executable: &[u8]) -> Result<Vec<Symbol>, String> {
    let broken = |error: object::read::Error| format!("it is no executable for Linux: {error}");
    let elf = FileHeader64::<Endianness>::parse(executable).map_err(broken)?;
    let endian = elf.endian().map_err(broken)?;
    let sections = elf.sections(endian, executable).map_err(broken)?;
    let Some(versions) = sections.versions(endian, executable).map_err(broken)? else {
        // Statically linked: it asks for nothing.
        return Ok(Vec::new());
    };
    let symbols = sections
        .symbols(endian, executable, object::elf::SHT_DYNSYM)
        .map_err(broken)?;
    let mut newer: Vec<Symbol> = Vec::new();
    for (index, symbol) in symbols.enumerate() {
        let asked = versions.version_index(endian, index);
        if symbol.st_shndx(endian) != 0
            || symbol.st_bind() == object::elf::STB_WEAK
            || asked.index() <= VER_NDX_GLOBAL
        {
            continue;
        }
        let Some(version) = versions.version(asked).map_err(broken)? else {
            continue;
        };
        let Some(since) = Version::parse(&String::from_utf8_lossy(version.name())) else {
            continue;
        };
        if since > limit {
            let name = symbol.name(endian, symbols.strings()).map_err(broken)?;
            newer.push(Symbol {
                name: String::from_utf8_lossy(name).into_owned(),
                since,
            });
        }
    }
    newer.sort_by(|a, b| (b.since, &a.name).cmp(&(a.since, &b.name)));
    Ok(newer)
}

/// Looks into a package as `cargo zipster package` makes it.
///
/// # Errors
/// If it cannot be read, holds no `bootstrap`, or `bootstrap` is no executable.
pub fn newer_in_package(limit: Version, package: &Path) -> Result<Vec<Symbol>, String> {
    let bootstrap = read_bootstrap(package).map_err(|error| error.to_string())?;
    newer_than(limit, &bootstrap)
}

fn read_bootstrap(package: &Path) -> io::Result<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(package)?)?;
    let mut entry = archive.by_name("bootstrap")?;
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a user is told of a package that does not start on Lambda.
#[must_use]
pub fn complaint(package: &Path, newer: &[Symbol]) -> String {
    let shown: Vec<String> = newer
        .iter()
        .take(3)
        .map(|symbol| format!("{} (glibc {})", symbol.name, symbol.since))
        .collect();
    let more = match newer.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} needs a newer C library than Amazon Linux 2023 has (glibc {AMAZON_LINUX_2023}): it asks \
         for {}{more}; it would not start there. Build it for Lambda with `cargo zipster package`",
        package.display(),
        shown.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test program itself, which uses something of glibc on any machine that has glibc.
    fn this_program() -> Vec<u8> {
        std::fs::read(std::env::current_exe().unwrap()).unwrap()
    }

    #[test]
    #[cfg(target_env = "gnu")]
    fn every_symbol_is_newer_than_the_beginning() {
        let program = this_program();
        let all = newer_than(Version(0, 0), &program).unwrap();
        assert!(all.iter().any(|symbol| symbol.name == "malloc"), "{all:?}");
        assert!(all.is_sorted_by(|a, b| a.since >= b.since));
        let newest = all[0].since;
        assert_eq!(newer_than(newest, &program).unwrap(), []);
        let just_before = Version(newest.0, newest.1 - 1);
        let newer = newer_than(just_before, &program).unwrap();
        assert!(
            newer.iter().all(|symbol| symbol.since == newest),
            "{newer:?}"
        );
        assert!(!newer.is_empty());
    }

    #[test]
    fn versions_are_numbers_not_words() {
        assert_eq!(Version::parse("GLIBC_2.34"), Some(Version(2, 34)));
        assert_eq!(Version::parse("GLIBC_2.2.5"), Some(Version(2, 2)));
        assert_eq!(Version::parse("GLIBC_PRIVATE"), None);
        assert_eq!(Version::parse("GCC_3.0"), None);
        assert!(Version(2, 4) < Version(2, 34));
    }

    #[test]
    fn the_complaint_names_the_symbol_and_what_to_do() {
        let newer = [Symbol {
            name: "pidfd_spawnp".to_owned(),
            since: Version(2, 39),
        }];
        let said = complaint(Path::new("target/lambda/load/bootstrap.zip"), &newer);
        assert!(said.contains("pidfd_spawnp (glibc 2.39)"), "{said}");
        assert!(said.contains("cargo zipster package"), "{said}");
    }

    #[test]
    fn what_is_no_executable_is_said() {
        let error = newer_than(AMAZON_LINUX_2023, b"#!/bin/sh\n").unwrap_err();
        assert!(error.contains("no executable"), "{error}");
    }
}
