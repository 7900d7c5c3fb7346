//! The files that are made by code: each limit of docs/SECURITY.md is met by one at least.
use minilab_tests::hostile::{Ends, all};

use crate::{
    ordeal::{End, Ordeal},
    table::Table,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_file_ends_in_files_or_in_a_failure_of_its_own() {
    let ordeal = Ordeal::new().await;
    let mut table = Table::default();
    for hostile in all() {
        let end = ordeal.put(&hostile.bytes).await;
        table.add(hostile.extension, &hostile.name, &end);
        if !is_as_expected(&end, hostile.ends) {
            table.complaints.push(format!(
                "{}: wanted {:?}, came {:?}",
                hostile.name, hostile.ends, end.failure
            ));
        }
    }
    let peak = ordeal.watch.peak_bytes();
    println!("{table}\nhighest memory of one renderer: {} MiB", peak >> 20);
    table.assert_nothing_wrong();
    assert_eq!(
        ordeal.pool.counters().crashes,
        minilab_worker::pool::Crashes::default()
    );
}

fn is_as_expected(end: &End, expected: Ends) -> bool {
    match (expected, &end.failure) {
        (Ends::Made, None) | (Ends::Either, _) => true,
        (Ends::Refused(codes), Some(failure)) => codes.contains(&failure.code.as_str()),
        (Ends::Made, Some(_)) | (Ends::Refused(_), None) => false,
    }
}
