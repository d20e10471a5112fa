//! Files and paths. The files come from [`Files`]: nothing here opens any.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::encoding::{Digest, digest};
use super::{Args, Failure, Function, Returns};
use crate::value::{Type, Value};
use crate::{FileError, Files};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("abspath", 1, Returns::String, |args| {
        Ok(absolute(args, &args.string(0)?).into())
    }),
    Function::of("basename", 1, Returns::String, |args| {
        Ok(basename(&args.string(0)?).into())
    }),
    Function::of("dirname", 1, Returns::String, |args| {
        Ok(dirname(&args.string(0)?).into())
    }),
    Function::of("file", 1, Returns::String, |args| {
        let path = args.string(0)?;
        match read_text(args.files, &path) {
            Ok(text) => Ok(text.into()),
            Err(problem) => Err(Failure::at(0, problem)),
        }
    }),
    Function::of("filebase64", 1, Returns::String, |args| {
        Ok(STANDARD.encode(read(args)?).into())
    }),
    Function::of("filebase64sha256", 1, Returns::String, |args| {
        Ok(STANDARD.encode(digest(Digest::Sha256, &read(args)?)).into())
    }),
    Function::of("filebase64sha512", 1, Returns::String, |args| {
        Ok(STANDARD.encode(digest(Digest::Sha512, &read(args)?)).into())
    }),
    Function::of("fileexists", 1, Returns::Bool, |args| {
        let path = args.string(0)?;
        match args.files.exists(&path) {
            Ok(exists) => Ok(exists.into()),
            Err(error) => Err(Failure::at(0, format!("{path:?}: {error}"))),
        }
    }),
    Function::of("filemd5", 1, Returns::String, |args| {
        Ok(hex::encode(digest(Digest::Md5, &read(args)?)).into())
    }),
    Function::of("fileset", 2, Returns::Any, fileset),
    Function::of("filesha1", 1, Returns::String, |args| {
        Ok(hex::encode(digest(Digest::Sha1, &read(args)?)).into())
    }),
    Function::of("filesha256", 1, Returns::String, |args| {
        Ok(hex::encode(digest(Digest::Sha256, &read(args)?)).into())
    }),
    Function::of("filesha512", 1, Returns::String, |args| {
        Ok(hex::encode(digest(Digest::Sha512, &read(args)?)).into())
    }),
    Function::of("pathexpand", 1, Returns::String, |args| {
        let path = args.string(0)?;
        if path.starts_with('~') {
            return Err(Failure::at(0, "whose home folder ~ is, is not known"));
        }
        Ok(path.into())
    }),
];

fn read(args: &Args<'_>) -> Result<Vec<u8>, Failure> {
    let path = args.string(0)?;
    args.files
        .read(&path)
        .map_err(|error| Failure::at(0, format!("{path:?}: {error}")))
}

/// A file that has to be UTF-8.
pub(crate) fn read_text(files: &dyn Files, path: &str) -> Result<String, String> {
    let bytes = files
        .read(path)
        .map_err(|error| format!("{path:?}: {error}"))?;
    String::from_utf8(bytes)
        .map_err(|_| format!("{path:?}: not UTF-8 (filebase64 reads such a file)"))
}

/// A path with `.`, `..` and double slashes resolved, as Go's `filepath.Clean` does.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn absolute(args: &Args<'_>, path: &str) -> String {
    if path.starts_with('/') {
        clean(path)
    } else {
        clean(&format!("{}/{path}", args.files.working_folder()))
    }
}

fn basename(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    match path.trim_end_matches('/').rsplit('/').next() {
        Some("") | None => "/".to_owned(),
        Some(last) => last.to_owned(),
    }
}

fn dirname(path: &str) -> String {
    match path.rfind('/') {
        Some(at) => clean(&path[..=at]),
        None => ".".to_owned(),
    }
}

fn fileset(args: &Args<'_>) -> Result<Value, Failure> {
    let (folder, pattern) = (args.string(0)?, args.string(1)?);
    let matcher = glob(&pattern)
        .ok_or_else(|| Failure::at(1, format!("{pattern:?} is no pattern for files")))?;
    let paths = match args.files.list(&folder) {
        Ok(paths) => paths,
        // Terraform finds nothing in a folder that is not there.
        Err(FileError::NotFound) => Vec::new(),
        Err(error) => return Err(Failure::at(0, format!("{folder:?}: {error}"))),
    };
    let found = paths
        .into_iter()
        .filter(|path| matcher.is_match(path))
        .map(Value::from)
        .collect();
    Ok(Value::set(Type::String, found))
}

/// A pattern with `*`, `**`, `?`, `[...]` and `{a,b}` as a regular expression.
fn glob(pattern: &str) -> Option<regex::Regex> {
    let mut regex = String::from("^");
    let mut rest = pattern;
    let mut braces = 0;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            regex.push_str("(?:.*/)?");
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("**") {
            regex.push_str(".*");
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => {
                let end = rest.find(']')?;
                let class = rest[..end].replace('\\', "\\\\");
                let class = class
                    .strip_prefix('!')
                    .map_or(class.clone(), |c| format!("^{c}"));
                regex.push_str(&format!("[{class}]"));
                rest = &rest[end + 1..];
            }
            '{' => {
                braces += 1;
                regex.push_str("(?:");
            }
            '}' if braces > 0 => {
                braces -= 1;
                regex.push(')');
            }
            ',' if braces > 0 => regex.push('|'),
            '\\' => {
                let escaped = rest.chars().next()?;
                regex.push_str(&regex::escape(&escaped.to_string()));
                rest = &rest[escaped.len_utf8()..];
            }
            _ => regex.push_str(&regex::escape(&c.to_string())),
        }
    }
    regex.push('$');
    regex::Regex::new(&regex).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_files() {
        for (pattern, path, found) in [
            ("*.tf", "main.tf", true),
            ("*.tf", "modules/main.tf", false),
            ("**/*.tf", "main.tf", true),
            ("**/*.tf", "a/b/main.tf", true),
            ("**", "a/b", true),
            ("a?.{json,txt}", "ab.txt", true),
            ("a?.{json,txt}", "ab.tf", false),
            ("[!a]*", "b", true),
            ("[!a]*", "a", false),
            ("a.b", "axb", false),
        ] {
            let matched = glob(pattern).unwrap().is_match(path);
            assert_eq!(matched, found, "{pattern} {path}");
        }
        assert!(glob("[a").is_none());
    }

    #[test]
    fn paths_are_cleaned_as_in_go() {
        for (path, cleaned) in [
            ("a/../b", "b"),
            ("a/./b//c/", "a/b/c"),
            ("../a", "../a"),
            ("/../a", "/a"),
            ("", "."),
            ("a/..", "."),
            ("../..", "../.."),
        ] {
            assert_eq!(clean(path), cleaned, "for {path:?}");
        }
    }
}
