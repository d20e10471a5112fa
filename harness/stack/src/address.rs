//! Addresses: what Terraform calls the instances of resources.

use std::fmt;

/// The key of one instance of a block with `count` or `for_each`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstanceKey {
    /// From `count`, beginning with 0.
    Index(usize),
    /// From `for_each`.
    Name(String),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Name(name) => {
                let quoted = name
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                write!(f, "[\"{quoted}\"]")
            }
        }
    }
}

/// One call of a module, on the way from the root module to a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleStep {
    /// The label of the `module` block.
    pub name: String,
    /// Which instance, if the block has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

/// The address of one instance of a managed resource:
/// `module.a["x"].aws_s3_bucket.input[0]`.
///
/// Follows <https://developer.hashicorp.com/terraform/cli/state/resource-addressing>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The modules around it, the outermost first; empty in the root module.
    pub module: Vec<ModuleStep>,
    /// The resource type, such as `aws_s3_bucket`.
    pub resource_type: String,
    /// The second label of the block.
    pub name: String,
    /// Which instance, if the block has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.module {
            write!(f, "module.{}", step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
            f.write_str(".")?;
        }
        write!(f, "{}.{}", self.resource_type, self.name)?;
        match &self.key {
            Some(key) => write!(f, "{key}"),
            None => Ok(()),
        }
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_as_terraform_writes_it() {
        let step = |name: &str, key| ModuleStep {
            name: name.to_owned(),
            key,
        };
        let address = |module, key| Address {
            module,
            resource_type: "aws_s3_bucket".to_owned(),
            name: "input".to_owned(),
            key,
        };
        let quoted = InstanceKey::Name("a \"b\"".to_owned());
        let cases = [
            (address(vec![], None), "aws_s3_bucket.input"),
            (
                address(vec![], Some(InstanceKey::Index(2))),
                "aws_s3_bucket.input[2]",
            ),
            (
                address(vec![step("a", Some(quoted)), step("b", None)], None),
                "module.a[\"a \\\"b\\\"\"].module.b.aws_s3_bucket.input",
            ),
        ];
        for (address, text) in cases {
            assert_eq!(address.to_string(), text);
        }
    }
}
