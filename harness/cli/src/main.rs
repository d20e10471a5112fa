//! The `zipster` command.
fn main() {}
