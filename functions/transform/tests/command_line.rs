//! The program as a person or a script calls it.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something unexpected happens"
)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const HEADER: &str = "Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned";

const EXTRACT: &str = "\
Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned
705,STANDARD,AIBONITO,PR,PRIMARY,18.1,-66.26,NA-US-PR-AIBONITO,FALSE

6883,STANDARD,WESTON,CT,PRIMARY,41.A2,-73.3,NA-US-CT-WESTON,FALSE
";

const LOAD_FILE: &str = "\
zipcode,zipcode_type,city,state,location_type,latitude,longitude,location,decommissioned
00705,STANDARD,AIBONITO,PR,PRIMARY,18.10,-66.26,NA-US-PR-AIBONITO,FALSE
";

const ERROR_FILE: &str = "\
Row 3  = []
Blank row skipped
Row 4  = ['06883', 'STANDARD', 'WESTON', 'CT', 'PRIMARY', '41.A2', '-73.30', 'NA-US-CT-WESTON', 'FALSE']
'41.A2' is an invalid latitude
";

const SUMMARY: &str = "3 rows read, 1 accepted, 2 rejected, 2 errors\n";

/// An empty folder in which the program runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(TempDir::new().unwrap())
    }

    /// A folder with the extract in `in.csv`.
    fn with_extract() -> Self {
        let folder = Folder::new();
        folder.write("in.csv", EXTRACT);
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The names of everything in the folder, also of what is hidden.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, "")
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_transform"));
        command
            .args(arguments.split(' ').filter(|argument| !argument.is_empty()))
            .current_dir(self.path())
            .env_remove("AWS_LAMBDA_RUNTIME_API")
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run_with(&self, arguments: &str, input: &str) -> Ran {
        let mut child = self.command(arguments).spawn().unwrap();
        // A program that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        Ran {
            code: status.code().unwrap(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}

/// What a run came to.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    #[track_caller]
    fn expect(&self, code: i32, stdout: &str, stderr: &str) {
        assert_eq!(self.stderr, stderr);
        assert_eq!(self.stdout, stdout);
        assert_eq!(self.code, code);
    }
}

#[test]
fn a_file_becomes_a_load_file_and_an_error_file() {
    let folder = Folder::with_extract();
    let ran = folder.run("in.csv --load load.csv --errors errors.txt");
    ran.expect(0, "", SUMMARY);
    assert_eq!(folder.read("load.csv"), LOAD_FILE);
    assert_eq!(folder.read("errors.txt"), ERROR_FILE);
    assert_eq!(folder.read("in.csv"), EXTRACT);
    assert_eq!(folder.names(), ["errors.txt", "in.csv", "load.csv"]);
}

#[test]
fn an_error_file_is_written_even_if_it_is_empty() {
    let folder = Folder::new();
    let accepted: Vec<&str> = EXTRACT.lines().take(2).collect();
    folder.write("in.csv", accepted.join("\r\n"));
    let ran = folder.run("in.csv --load load.csv --errors errors.txt --fail-on-rejected");
    ran.expect(0, "", "1 rows read, 1 accepted, 0 rejected, 0 errors\n");
    assert_eq!(folder.read("load.csv"), LOAD_FILE);
    assert_eq!(folder.read("errors.txt"), "");
}

#[test]
fn standard_input_and_output_take_the_place_of_files() {
    let folder = Folder::new();
    let ran = folder.run_with("- --load - --errors errors.txt", EXTRACT);
    ran.expect(0, LOAD_FILE, SUMMARY);
    assert_eq!(folder.read("errors.txt"), ERROR_FILE);

    let ran = folder.run_with("- --load load.csv --errors -", EXTRACT);
    ran.expect(0, ERROR_FILE, SUMMARY);
    assert_eq!(folder.read("load.csv"), LOAD_FILE);
}

#[test]
fn outputs_replace_what_was_there() {
    let folder = Folder::with_extract();
    folder.write("load.csv", "old");
    folder.write("errors.txt", "old");
    folder
        .run("in.csv --load load.csv --errors errors.txt")
        .expect(0, "", SUMMARY);
    assert_eq!(folder.read("load.csv"), LOAD_FILE);
    assert_eq!(folder.read("errors.txt"), ERROR_FILE);
}

#[test]
fn rejected_rows_fail_the_run_only_if_asked_to() {
    let folder = Folder::with_extract();
    let ran = folder.run("in.csv --load load.csv --errors errors.txt --fail-on-rejected");
    ran.expect(3, "", SUMMARY);
    assert_eq!(folder.read("load.csv"), LOAD_FILE);
    assert_eq!(folder.read("errors.txt"), ERROR_FILE);
}

#[test]
fn programs_are_told_in_json() {
    let folder = Folder::with_extract();
    let ran = folder.run("in.csv --load load.csv --errors errors.txt --json");
    assert_eq!(ran.code, 0);
    assert_eq!(
        serde_json::from_str::<Value>(&ran.stderr).unwrap(),
        json!({ "rows_read": 3, "rows_accepted": 1, "rows_rejected": 2, "errors": 2 })
    );

    let ran = folder.run_with("- --load load.csv --errors errors.txt --json", "");
    assert_eq!(ran.code, 1);
    let said: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(said["error"]["kind"], "MissingHeader");
    let message = said["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("cannot transform standard input: the file is empty"));
}

/// A run that fails with `message` and leaves the folder as it was.
#[track_caller]
fn check_failure(folder: &Folder, arguments: &str, input: &str, code: i32, message: &str) {
    let before = folder.names();
    folder.run_with(arguments, input).expect(code, "", message);
    assert_eq!(folder.names(), before, "nothing is left behind");
}

#[test]
fn a_failure_leaves_no_output_and_keeps_the_old_ones() {
    let folder = Folder::with_extract();
    folder.write("load.csv", "old");
    let header = EXTRACT.lines().next().unwrap();
    let outputs = "--load load.csv --errors errors.txt";

    check_failure(
        &folder,
        &format!("- {outputs}"),
        "a,b\n1,2\n",
        1,
        "error: cannot transform standard input: the header has the columns ['a', 'b'], expected \
         ['Zipcode', 'ZipCodeType', 'City', 'State', 'LocationType', 'Lat', 'Long', 'Location', \
         'Decommisioned']\n\
         hint: correct the file and try again\n",
    );
    // The fault comes after rows that were fine.
    let too_long = format!("{EXTRACT}{}", "x".repeat(zipcodes::MAX_ROW_BYTES + 1));
    check_failure(
        &folder,
        &format!("- {outputs}"),
        &too_long,
        1,
        "error: cannot transform standard input: row 5 is longer than 16777216 bytes; is a closing \
         quote missing?\n\
         hint: correct the file and try again\n",
    );
    check_failure(
        &folder,
        &format!("missing.csv {outputs}"),
        "",
        1,
        "error: cannot read `missing.csv`: No such file or directory (os error 2)\n",
    );
    check_failure(
        &folder,
        "in.csv --load load.csv --errors no/errors.txt",
        "",
        1,
        "error: cannot create `no/errors.txt`: No such file or directory (os error 2)\n",
    );
    fs::create_dir(folder.path().join("folder")).unwrap();
    check_failure(
        &folder,
        "in.csv --load folder --errors errors.txt",
        "",
        1,
        "error: cannot create `folder`: is a directory\n",
    );
    check_failure(
        &folder,
        &format!("folder {outputs}"),
        header,
        1,
        "error: cannot read `folder`: Is a directory (os error 21)\n",
    );
    assert_eq!(folder.read("load.csv"), "old");
}

#[test]
fn arguments_that_would_lose_a_file_are_refused() {
    let folder = Folder::with_extract();
    for arguments in [
        "in.csv --load out --errors out",
        "in.csv --load out --errors ./out",
        "in.csv --load - --errors -",
    ] {
        check_failure(
            &folder,
            arguments,
            "",
            2,
            "error: the load file and the error file go to the same place\n\
             hint: see `transform --help`\n",
        );
    }
    for arguments in [
        "in.csv --load in.csv --errors errors.txt",
        "in.csv --load load.csv --errors ./in.csv",
    ] {
        check_failure(
            &folder,
            arguments,
            "",
            2,
            "error: an output would replace the input\n\
             hint: see `transform --help`\n",
        );
    }
    assert_eq!(folder.read("in.csv"), EXTRACT);
}

#[test]
fn missing_arguments_are_named() {
    let folder = Folder::new();
    let ran = folder.run("");
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    for missing in ["<INPUT>", "--load <FILE>", "--errors <FILE>"] {
        assert!(ran.stderr.contains(missing), "{}", ran.stderr);
    }
}

#[test]
fn the_help_says_what_comes_of_it() {
    let ran = Folder::new().run("--help");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(ran.stdout);
}

#[cfg(unix)]
mod unix {
    use std::io::{self, Read};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let folder = Folder::with_extract();
        let ran = folder.run("in.csv --load /dev/null --errors /dev/null");
        ran.expect(0, "", SUMMARY);
        let null = fs::metadata("/dev/null").unwrap();
        assert!(null.file_type().is_char_device());

        // As a shell passes it on: a path that names a pipe.
        let ran = folder.run("/dev/stdin --load /dev/stdout --errors /dev/null");
        assert_eq!(ran.code, 1);
        let ran = folder.run_with("/dev/stdin --load /dev/stdout --errors /dev/null", EXTRACT);
        ran.expect(0, LOAD_FILE, SUMMARY);
    }

    #[test]
    fn a_full_device_is_a_failure() {
        let folder = Folder::with_extract();
        check_failure(
            &folder,
            "in.csv --load /dev/full --errors errors.txt",
            "",
            1,
            "error: cannot write `/dev/full`: No space left on device (os error 28)\n",
        );
    }

    #[test]
    fn a_signal_leaves_no_unfinished_file() {
        for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
            let folder = Folder::new();
            let mut child = folder
                .command("- --load load.csv --errors -")
                .spawn()
                .unwrap();
            let mut input = child.stdin.take().unwrap();
            // So many errors that some are written, which says that the work has begun. The
            // input stays open, and the work waits for more of it.
            input
                .write_all(format!("{HEADER}\n{}", "bad\n".repeat(10_000)).as_bytes())
                .unwrap();
            let mut output = child.stdout.take().unwrap();
            output.read_exact(&mut [0]).unwrap();
            assert_eq!(folder.names().len(), 1, "{:?}", folder.names());
            let reader = std::thread::spawn(move || io::copy(&mut output, &mut io::sink()));

            let kill = format!("kill -{signal} {}", child.id());
            let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
            assert!(killed.success());
            let status = child.wait().unwrap();
            reader.join().unwrap().unwrap();
            assert_eq!(status.code(), Some(code));
            assert_eq!(folder.names(), Vec::<String>::new());
        }
    }

    #[test]
    fn a_link_leads_to_the_file_that_is_written() {
        let folder = Folder::with_extract();
        folder.write("target.csv", "old");
        symlink("target.csv", folder.path().join("load.csv")).unwrap();
        folder
            .run("in.csv --load load.csv --errors errors.txt")
            .expect(0, "", SUMMARY);
        assert_eq!(folder.read("target.csv"), LOAD_FILE);
        assert!(folder.path().join("load.csv").is_symlink());
    }

    #[test]
    fn outputs_may_be_read_by_whom_the_mask_allows() {
        let folder = Folder::with_extract();
        folder.run("in.csv --load load.csv --errors errors.txt");
        let mode = |name| {
            let there = fs::metadata(folder.path().join(name)).unwrap();
            there.permissions().mode() & 0o777
        };
        assert_eq!(mode("load.csv"), mode("in.csv"));
        assert_eq!(mode("errors.txt"), mode("in.csv"));
    }
}
