//! What senders say of originals beside their bytes, and tags that change.
use super::*;

fn saying(focal: &str) -> Value {
    json!({ "minilab": 1, "bucket": "photos", "key": "in/c.jpg", "focal": focal, "time": "2026-01-01T00:00:00Z" })
}

#[tokio::test(start_paused = true)]
async fn what_a_sender_says_of_an_original_travels_in_a_job_of_its_own() {
    let fleet = Fleet::new();
    fleet.tell(s3("in/c.jpg")).await;
    fleet.tell(saying("0.3,0.55")).await;
    let mut jobs = fleet.jobs().await;
    jobs.sort_by_key(|job| job.said.is_some());
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    assert_eq!(jobs[0].said, None);
    let said = jobs[1].said.clone().unwrap();
    assert_eq!((jobs[1].key.as_str(), said.focal.as_str()), ("c.jpg", "0.3,0.55"));
    assert_eq!(said.at_ms, 1_767_225_600_000);
}

#[tokio::test(start_paused = true)]
async fn what_a_sender_says_wrongly_is_kept_for_a_person() {
    for wrong in [
        saying("left"),
        json!({ "minilab": 2, "bucket": "photos", "key": "in/a.jpg" }),
        json!({ "minilab": 1, "bucket": "photos", "key": "in/a.jpg", "focus": "0.3,0.5" }),
    ] {
        let fleet = Fleet::new();
        fleet.tell(&wrong).await;
        fleet.unreadable().await;
        assert!(fleet.jobs().await.is_empty(), "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn changed_tags_are_a_job_only_where_a_recipe_reads_them() {
    let tagged = json!({ "Records": [{
        "eventVersion": "2.3", "eventSource": "aws:s3", "eventName": "ObjectTagging:Put",
        "s3": { "bucket": { "name": "photos" }, "object": { "key": "in/a.jpg", "eTag": "e" } },
    }]});
    let fleet = Fleet::new();
    fleet.tell(&tagged).await;
    assert!(fleet.keys().await.is_empty());
    let fleet = Fleet::by(
        &RULES.replace("  gallery:\n", "  gallery:\n    read_tags: true\n"),
        &[],
    );
    fleet.tell(&tagged).await;
    assert_eq!(fleet.keys().await, ["a.jpg"]);
}
