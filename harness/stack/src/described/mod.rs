//! The types of resources and data sources that a local stack does not make, as the provider
//! describes them: enough to tell a slip of the pen from an argument, and to know what may be
//! referred to.
//!
//! Follows the schema of `hashicorp/aws` 6, <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

mod plausible;

pub(crate) use plausible::computed;

use crate::config::type_of_text;
use crate::value::Type;

/// One type a paragraph: see its first lines.
const TYPES: &str = include_str!("types.txt");

/// What may stand between a block's braces.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Description {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attribute {
    pub name: &'static str,
    pub ty: Type,
    pub required: bool,
    /// Whether a configuration may set it.
    pub settable: bool,
    /// Whether the finished resource has it in any case.
    pub computed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    pub name: &'static str,
    pub body: Description,
    /// Whether it is an object, and not a list of objects.
    pub single: bool,
    pub least: usize,
}

impl Description {
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    pub(crate) fn block(&self, name: &str) -> Option<&Block> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// What a configuration may say.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + '_ {
        let attributes = self.attributes.iter().filter(|a| a.settable);
        attributes
            .map(|attribute| attribute.name)
            .chain(self.blocks.iter().map(|block| block.name))
    }
}

/// The description of a resource type, or of a data source if its name begins with `data.`.
pub(crate) fn description_of(name: &str) -> Option<Description> {
    let header = match name.strip_prefix("data.") {
        Some(name) => format!("data {name}"),
        None => format!("resource {name}"),
    };
    let mut lines = TYPES.lines().skip_while(|line| *line != header);
    lines.next()?;
    let lines: Vec<&'static str> = lines.take_while(|line| line.starts_with(' ')).collect();
    Some(body(&mut lines.as_slice(), 1))
}

fn depth(line: &str) -> usize {
    (line.len() - line.trim_start().len()) / 2
}

fn body(lines: &mut &[&'static str], at: usize) -> Description {
    let mut description = Description::default();
    while let Some((line, rest)) = lines.split_first() {
        if depth(line) < at {
            break;
        }
        *lines = rest;
        let mut words = line.trim_start().splitn(3, ' ');
        let (Some(first), Some(name), Some(last)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if first == "block" {
            let (nesting, least) = last.split_once(' ').unwrap_or((last, "0"));
            description.blocks.push(Block {
                name,
                body: body(lines, at + 1),
                single: nesting == "single",
                least: least.parse().unwrap_or(0),
            });
        } else {
            description.attributes.push(Attribute {
                name,
                ty: type_of_text(last),
                required: first == "required",
                settable: first != "computed",
                computed: matches!(first, "computed" | "settled"),
            });
        }
    }
    description
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_understood() {
        let (mut attributes, mut blocks) = (0, 0);
        fn count(description: &Description, attributes: &mut usize, blocks: &mut usize) {
            *attributes += description.attributes.len();
            for attribute in &description.attributes {
                assert_ne!(attribute.ty, Type::Any, "{}", attribute.name);
            }
            for block in &description.blocks {
                *blocks += 1;
                count(&block.body, attributes, blocks);
            }
        }
        let mut types = 0;
        for line in TYPES.lines().filter(|line| !line.starts_with('#')) {
            if line.starts_with(' ') {
                continue;
            }
            types += 1;
            let name = line.replace("resource ", "").replace("data ", "data.");
            let description = description_of(&name).unwrap();
            count(&description, &mut attributes, &mut blocks);
        }
        let lines = TYPES.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(types + attributes + blocks, lines);
    }

    #[test]
    fn a_type_is_described() {
        let vpc = description_of("aws_vpc").unwrap();
        let cidr = vpc.attribute("cidr_block").unwrap();
        assert_eq!(cidr.ty, Type::String);
        assert!(cidr.settable && cidr.computed && !cidr.required);
        assert!(!vpc.attribute("arn").unwrap().settable);
        let instance = description_of("aws_instance").unwrap();
        let root = instance.block("root_block_device").unwrap();
        assert!(root.body.attribute("encrypted").is_some() && !root.single);
        assert!(description_of("data.aws_ami").is_some());
        assert_eq!(description_of("aws_vp"), None);
    }
}
