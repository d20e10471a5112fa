//! `archive_file`: a package that Terraform makes while it plans.
//!
//! Nothing is packed here: the harness builds functions itself, at the place that the archive's path
//! names. What only the finished archive has, its size and digests, is known after apply.
//!
//! Follows the schema of `hashicorp/archive` 2,
//! <https://registry.terraform.io/providers/hashicorp/archive/latest/docs/data-sources/file>.

use super::{Answer, DataSource};
use crate::schema::{Fields, ID, Shape, blocks, body, computed, known, optional, required};

pub(super) const ARCHIVE_FILE: DataSource = DataSource {
    name: "archive_file",
    body: body(
        &[
            required("type", Shape::Text),
            required("output_path", Shape::Text),
            optional("source_file", Shape::Text),
            optional("source_dir", Shape::Text),
            optional("source_content", Shape::Text),
            optional("source_content_filename", Shape::Text),
            optional("excludes", Shape::TextSet),
            optional("exclude_symlink_directories", Shape::Bool),
            optional("output_file_mode", Shape::Text),
            computed("output_size", Shape::Number),
            computed("output_md5", Shape::Text),
            computed("output_sha", Shape::Text),
            computed("output_sha256", Shape::Text),
            computed("output_sha512", Shape::Text),
            computed("output_base64sha256", Shape::Text),
            computed("output_base64sha512", Shape::Text),
            ID,
        ],
        &[blocks(
            "source",
            body(
                &[
                    required("content", Shape::Text),
                    required("filename", Shape::Text),
                ],
                &[],
            ),
        )],
    ),
    answer,
};

/// Ways to say what goes into the archive; one of them has to be taken.
const SOURCES: [&str; 3] = ["source_file", "source_dir", "source_content"];

fn answer(fields: &mut Fields<'_>) -> Answer {
    let kind = fields.choice("type", &[("zip", ()), ("tar.gz", ())]);
    let path = fields.required_text("output_path");
    let said: Vec<&str> = SOURCES
        .into_iter()
        .filter(|name| fields.body.attributes.contains_key(name))
        .chain(
            fields
                .body
                .blocks
                .contains_key("source")
                .then_some("source"),
        )
        .collect();
    let one_source = match said.as_slice() {
        [_] => Ok(()),
        [] => Err(fields.fail_with(
            "type",
            format!("`{}` has no source", fields.address),
            "say one of `source_file`, `source_dir`, `source_content` or `source` blocks",
        )),
        [first, others @ ..] => Err(fields.fail(
            first,
            format!("`{first}` conflicts with `{}`", others.join("` and `")),
        )),
    };
    let named = match fields
        .body
        .attributes
        .contains_key("source_content_filename")
    {
        false if said == ["source_content"] => Err(fields.fail(
            "source_content",
            "`source_content` needs `source_content_filename`",
        )),
        true if said != ["source_content"] => Err(fields.fail(
            "source_content_filename",
            "`source_content_filename` belongs to `source_content`",
        )),
        true | false => Ok(()),
    };
    kind?;
    one_source?;
    named?;
    Ok(vec![known("output_path", path?)])
}
