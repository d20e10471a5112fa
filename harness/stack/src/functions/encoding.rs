//! Encodings and digests.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Digest as _;

use super::{Args, Failure, Function, Returns};
use crate::value::{Attribute, Kind, Type, Value, json};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::of("base64decode", 1, Returns::String, base64_decode),
    Function::of("base64encode", 1, Returns::String, |args| {
        Ok(STANDARD.encode(args.string(0)?).into())
    }),
    Function::of("base64sha256", 1, Returns::String, |args| {
        Ok(STANDARD.encode(of_text(args, Digest::Sha256)?).into())
    }),
    Function::of("base64sha512", 1, Returns::String, |args| {
        Ok(STANDARD.encode(of_text(args, Digest::Sha512)?).into())
    }),
    Function::of("csvdecode", 1, Returns::Any, csv_decode),
    Function::of("jsondecode", 1, Returns::Any, |args| {
        json::decode(&args.string(0)?).map_err(|problem| Failure::at(0, problem))
    }),
    Function::of("jsonencode", 1, Returns::String, |args| {
        Ok(json::encode(args.any(0)).into())
    }),
    Function::of("md5", 1, Returns::String, |args| {
        Ok(hex::encode(of_text(args, Digest::Md5)?).into())
    }),
    Function::of("sha1", 1, Returns::String, |args| {
        Ok(hex::encode(of_text(args, Digest::Sha1)?).into())
    }),
    Function::of("sha256", 1, Returns::String, |args| {
        Ok(hex::encode(of_text(args, Digest::Sha256)?).into())
    }),
    Function::of("sha512", 1, Returns::String, |args| {
        Ok(hex::encode(of_text(args, Digest::Sha512)?).into())
    }),
    Function::of("urlencode", 1, Returns::String, url_encode),
    Function::of("uuidv5", 2, Returns::String, uuid_v5),
];

#[derive(Clone, Copy)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

pub(super) fn digest(digest: Digest, bytes: &[u8]) -> Vec<u8> {
    match digest {
        Digest::Md5 => md5::Md5::digest(bytes).to_vec(),
        Digest::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
        Digest::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
        Digest::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
    }
}

fn of_text(args: &Args<'_>, kind: Digest) -> Result<Vec<u8>, Failure> {
    Ok(digest(kind, args.string(0)?.as_bytes()))
}

fn base64_decode(args: &Args<'_>) -> Result<Value, Failure> {
    let bytes = STANDARD
        .decode(args.string(0)?)
        .map_err(|error| Failure::at(0, format!("this is not base64: {error}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(Failure::at(0, "what it encodes is not UTF-8")),
    }
}

fn url_encode(args: &Args<'_>) -> Result<Value, Failure> {
    let mut encoded = String::new();
    for byte in args.string(0)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(encoded.into())
}

fn uuid_v5(args: &Args<'_>) -> Result<Value, Failure> {
    let namespace = args.string(0)?;
    let hex_digits = match namespace.as_str() {
        "dns" => "6ba7b8109dad11d180b400c04fd430c8".to_owned(),
        "url" => "6ba7b8119dad11d180b400c04fd430c8".to_owned(),
        "oid" => "6ba7b8129dad11d180b400c04fd430c8".to_owned(),
        "x500" => "6ba7b8149dad11d180b400c04fd430c8".to_owned(),
        other => other.replace('-', ""),
    };
    let mut bytes = hex::decode(hex_digits)
        .ok()
        .filter(|bytes| bytes.len() == 16)
        .ok_or_else(|| Failure::at(0, "the namespace must be dns, url, oid, x500 or a UUID"))?;
    bytes.extend(args.string(1)?.bytes());
    let mut id = digest(Digest::Sha1, &bytes);
    id.truncate(16);
    id[6] = (id[6] & 0x0f) | 0x50;
    id[8] = (id[8] & 0x3f) | 0x80;
    let text = hex::encode(id);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    Ok(parts.join("-").into())
}

fn csv_decode(args: &Args<'_>) -> Result<Value, Failure> {
    let text = args.string(0)?;
    let mut records = csv_records(&text)
        .map_err(|problem| Failure::at(0, problem))?
        .into_iter();
    let (_, header) = records
        .next()
        .ok_or_else(|| Failure::at(0, "the header line is missing"))?;
    for (at, name) in header.iter().enumerate() {
        if header[..at].contains(name) {
            return Err(Failure::at(0, format!("two columns are called {name:?}")));
        }
    }
    let mut rows = Vec::new();
    for (line, fields) in records {
        if fields.len() != header.len() {
            return Err(Failure::at(
                0,
                format!(
                    "line {line} has {} fields, not {}",
                    fields.len(),
                    header.len()
                ),
            ));
        }
        let row = header
            .iter()
            .cloned()
            .zip(fields.into_iter().map(Value::from));
        rows.push(Value::object(row.collect()));
    }
    let columns: BTreeMap<String, Attribute> = header
        .into_iter()
        .map(|name| (name, Attribute::required(Type::String)))
        .collect();
    Ok(Kind::List(Type::Object(columns), rows).into())
}

/// The records of a CSV text, each with the line on which it begins; blank lines are none.
fn csv_records(text: &str) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut records = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest
            .strip_prefix("\r\n")
            .or_else(|| rest.strip_prefix('\n'))
        {
            rest = after;
            line += 1;
            continue;
        }
        let begins = line;
        let mut fields = Vec::new();
        loop {
            let (field, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted_field(quoted)
                    .ok_or_else(|| format!("line {line}: a quote is not closed"))?,
                None => {
                    let end = rest.find([',', '\n']).unwrap_or(rest.len());
                    (rest[..end].to_owned(), &rest[end..])
                }
            };
            line += field.matches('\n').count();
            if let Some(next) = after.strip_prefix(',') {
                fields.push(field);
                rest = next;
                continue;
            }
            fields.push(field.trim_end_matches('\r').to_owned());
            let after = after.strip_prefix('\r').unwrap_or(after);
            rest = match after.strip_prefix('\n') {
                Some(next) => next,
                None if after.is_empty() => after,
                None => return Err(format!("line {line}: something follows a closing quote")),
            };
            line += 1;
            break;
        }
        records.push((begins, fields));
    }
    Ok(records)
}

/// A field up to its closing quote, and what follows.
fn quoted_field(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Some((field, rest)),
        }
    }
}
