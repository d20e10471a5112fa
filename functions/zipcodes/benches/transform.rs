//! How much longer a transform takes than a bare CSV parse of the same bytes.
//!
//! `cargo bench -p zipcodes`: each round times the parse with `csv-core`, on which the transform is
//! built, then the transform, on the same file in the same chunks. Shown is the fastest round of
//! each, and what one costs in terms of the other. Runs on two machines do not compare; the two
//! lines of one run do.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use csv_core::ReadRecordResult;
use zipcodes::{Counts, Outputs, Transform};

const FILE_BYTES: usize = 64 << 20;
const CHUNK_BYTES: usize = 64 << 10;
const ROUNDS: usize = 15;

fn main() {
    for (name, rejected_every) in [
        ("all rows accepted", None),
        ("one row in 100 rejected", Some(100)),
        ("all rows rejected", Some(1)),
    ] {
        let file = extract(rejected_every);
        let mut parse = Duration::MAX;
        let mut transform = Duration::MAX;
        let mut rows = 0;
        let mut counts = Counts::default();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            rows = bare_parse(black_box(&file));
            parse = parse.min(start.elapsed());

            let start = Instant::now();
            counts = whole_transform(black_box(&file));
            transform = transform.min(start.elapsed());
        }
        assert_eq!(counts.rows_read + 1, rows, "both read all rows");
        println!("{name}: {rows} rows, {} MiB", file.len() >> 20);
        report("bare csv-core parse", parse, file.len(), parse);
        report("transform", transform, file.len(), parse);
    }
}

fn report(name: &str, time: Duration, bytes: usize, parse: Duration) {
    println!(
        "  {name:<20} {:>7.1} ms {:>6.0} MB/s {:>5.2} x the parse",
        time.as_secs_f64() * 1e3,
        bytes as f64 / 1e6 / time.as_secs_f64(),
        time.as_secs_f64() / parse.as_secs_f64(),
    );
}

/// An extract of the size and shape of the real ones, always the same.
fn extract(rejected_every: Option<usize>) -> Vec<u8> {
    const CITIES: [&str; 6] = [
        "AIBONITO",
        "NEW YORK",
        "WESTON",
        "SAINT PETERSBURG",
        "ELY",
        "FORT LAUDERDALE",
    ];
    const TYPES: [&str; 3] = ["STANDARD", "PO BOX", "UNIQUE"];
    let mut file =
        b"Zipcode,ZipCodeType,City,State,LocationType,Lat,Long,Location,Decommisioned\n".to_vec();
    for i in 0.. {
        if file.len() >= FILE_BYTES {
            break;
        }
        let city = CITIES[i % CITIES.len()];
        let latitude = match rejected_every {
            Some(every) if i % every == 0 => "41.A2".to_owned(),
            _ => format!("{}.{:02}", 18 + i % 48, i % 100),
        };
        file.extend_from_slice(
            format!(
                "{},{},{city},FL,PRIMARY,{latitude},-{}.{},NA-US-FL-{city},FALSE\n",
                501 + i * 7 % 99_000,
                TYPES[i % TYPES.len()],
                65 + i % 100,
                i % 100,
            )
            .as_bytes(),
        );
    }
    file
}

/// Parses the file and does nothing with it. Returns the number of rows.
fn bare_parse(file: &[u8]) -> u64 {
    let mut parser = csv_core::Reader::new();
    let mut values = [0; 1024];
    let mut ends = [0; 16];
    let (mut written, mut columns) = (0, 0);
    let mut rows = 0;
    for mut chunk in file.chunks(CHUNK_BYTES) {
        while !chunk.is_empty() {
            let (result, read, more, ended) =
                parser.read_record(chunk, &mut values[written..], &mut ends[columns..]);
            chunk = &chunk[read..];
            written += more;
            columns += ended;
            match result {
                ReadRecordResult::Record => {
                    black_box((&values[..written], &ends[..columns]));
                    rows += 1;
                    (written, columns) = (0, 0);
                }
                ReadRecordResult::InputEmpty | ReadRecordResult::End => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    unreachable!("every row fits")
                }
            }
        }
    }
    rows
}

/// Transforms the file, emptying the outputs after each chunk as the function does.
fn whole_transform(file: &[u8]) -> Counts {
    let mut transform = Transform::new();
    let mut out = Outputs::default();
    for chunk in file.chunks(CHUNK_BYTES) {
        transform
            .push(chunk, &mut out)
            .expect("the file has our header");
        black_box(&out);
        out.load.clear();
        out.errors.clear();
    }
    transform.finish(&mut out).expect("the file has our header")
}
