//! The stack as read, as one JSON object with Terraform's own names: what `.ci/terraform_values.py`
//! compares with Terraform's plan.
//!
//! ```text
//! stack_values terraform -var-file=some.tfvars.json -var=project=zips
//! {"resources":{"aws_sns_topic.load":{"type":"aws_sns_topic","values":{"name":"zips-load",...}}},...}
//! ```
//!
//! The first argument is the folder of the root module, the others are options as Terraform takes
//! them, in their order; and `-database={"host":...,"port":...,"name":...,"secret_arn":...}`, which a
//! database of the stack's own resolves to. Account and region are those of the embedded target.
//!
//! Secrets are written as they are, since they are compared as well.

mod values;

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use zipster_names::{AccountId, Region};
use zipster_stack::{FileError, Files, Inputs, LocalDatabase, Output, Source, Stack, read};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = Folder(arguments.next().ok_or("which folder?")?.into());
    let mut inputs = Inputs::new(
        AccountId::parse("123456789012")?,
        Region::parse("us-east-1")?,
    )
    .with_files(&folder);
    for option in arguments {
        if let Some(path) = option.strip_prefix("-var-file=") {
            inputs = inputs.with_variable_file(source(Path::new(path))?);
        } else if let Some((name, text)) = option
            .strip_prefix("-var=")
            .and_then(|option| option.split_once('='))
        {
            inputs = inputs.with_variable_option(name, text);
        } else if let Some(text) = option.strip_prefix("-database=") {
            inputs = inputs.with_database(database(text)?);
        } else if let Some(text) = option.strip_prefix("-database=") {
            inputs = inputs.with_database(database(text)?);
        } else {
            return Err(format!("{option}: what is that?").into());
        }
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder.0)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "tf"));
    paths.sort();
    let sources: Vec<Source> = paths
        .iter()
        .map(|path| source(path))
        .collect::<Result<_, _>>()?;
    let (stack, diagnostics) = read(sources, &inputs);
    for found in &diagnostics {
        eprintln!("{found}\n");
    }
    println!("{}", shown(&stack.ok_or("there is no stack")?));
    Ok(())
}

/// The database that the stack's own resolves to.
fn database(text: &str) -> Result<LocalDatabase, Box<dyn Error>> {
    let json: Value = serde_json::from_str(text)?;
    let text = |name: &str| json[name].as_str().map(str::to_owned);
    let port = json["port"].as_u64().ok_or("no port")?;
    Ok(LocalDatabase {
        host: text("host").ok_or("no host")?,
        port: port.try_into()?,
        name: text("name").ok_or("no name")?,
        secret_arn: text("secret_arn"),
    })
}

fn source(path: &Path) -> Result<Source, Box<dyn Error>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Source::new(path.display().to_string(), text)),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn shown(stack: &Stack) -> Value {
    let mut resources = Map::new();
    for resource in stack.order() {
        let (name, mut values) = values::of(&resource.kind);
        if values::has_tags(&resource.kind) {
            let tags = resource.tags.iter();
            let tags: Map<String, Value> = tags
                .map(|(name, text)| (name.clone(), text.expose().into()))
                .collect();
            values.insert("tags_all".to_owned(), tags.into());
        }
        let address = resource.address.to_string();
        resources.insert(address, json!({ "type": name, "values": values }));
    }
    let outputs: Map<String, Value> = stack
        .outputs
        .iter()
        .map(|(name, output)| (name.clone(), of_output(output)))
        .collect();
    let not_emulated: Vec<Value> = stack
        .not_emulated
        .iter()
        .map(|left_out| {
            let address = left_out.address.to_string();
            json!({ "address": address, "attribute": left_out.attribute })
        })
        .collect();
    json!({ "resources": resources, "not_emulated": not_emulated, "outputs": outputs })
}

/// A string, number or bool as text, since the stack keeps no more of it.
fn of_output(output: &Output) -> Value {
    match output {
        Output::Text(text) => text.expose().into(),
        Output::Json(text) => serde_json::from_str(text.expose()).unwrap_or(Value::Null),
        Output::KnownAfterApply => values::known_after_apply(),
    }
}

/// Files on disk; relative paths begin in the folder of the root module.
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        fs::read(self.0.join(path)).map_err(|error| refused(&error))
    }

    fn exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.0.join(path).is_file())
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let root = self.0.join(folder);
        let mut found = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).map_err(|error| refused(&error))? {
                let path = entry.map_err(|error| refused(&error))?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(relative) = path.strip_prefix(&root) {
                    found.push(relative.display().to_string());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn working_folder(&self) -> String {
        let folder = std::path::absolute(&self.0).unwrap_or_else(|_| self.0.clone());
        folder.display().to_string()
    }
}

fn refused(error: &io::Error) -> FileError {
    if error.kind() == io::ErrorKind::NotFound {
        FileError::NotFound
    } else {
        FileError::Other(error.to_string())
    }
}
