//! Where emulators of AWS differ, so that nobody takes the one for AWS: what each does, and that the adapter rests on neither.
use std::{net::SocketAddr, time::Duration};

use minilab_tests::servers::{Ministack, Moto};
use serde_json::{Value, json};

use super::world::{ACCOUNT, asked};

/// A queue of an emulator.
struct Bare {
    address: SocketAddr,
    url: String,
}

impl Bare {
    async fn new(address: SocketAddr) -> Self {
        let (status, _) = asked(address, "CreateQueue", &json!({ "QueueName": "bare" })).await;
        assert_eq!(status, 200);
        let url = format!("http://{address}/{ACCOUNT}/bare");
        Self { address, url }
    }

    async fn ask(&self, operation: &str, mut body: Value) -> (u16, Value) {
        body["QueueUrl"] = json!(self.url);
        asked(self.address, operation, &body).await
    }

    async fn receive(&self, seconds: u64) -> String {
        let wanted = json!({ "VisibilityTimeout": seconds, "WaitTimeSeconds": 10 });
        let (_, got) = self.ask("ReceiveMessage", wanted).await;
        got["Messages"][0]["ReceiptHandle"].as_str().unwrap().to_owned()
    }
}

/// The statuses of: a deletion by a receipt whose lease is over, a lease of 13 h, two messages of one id in a batch.
async fn opinions(address: SocketAddr) -> [u16; 3] {
    let bare = Bare::new(address).await;
    bare.ask("SendMessage", json!({ "MessageBody": "one" })).await;
    let stale = bare.receive(1).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let receipt = bare.receive(30).await;
    let (deleted, _) = bare.ask("DeleteMessage", json!({ "ReceiptHandle": stale })).await;
    let longer = json!({ "ReceiptHandle": receipt, "VisibilityTimeout": 13 * 3600 });
    let (extended, _) = bare.ask("ChangeMessageVisibility", longer).await;
    let twice = json!([{ "Id": "a", "MessageBody": "2" }, { "Id": "a", "MessageBody": "3" }]);
    let (sent, _) = bare.ask("SendMessageBatch", json!({ "Entries": twice })).await;
    [deleted, extended, sent]
}

/// AWS takes a stale receipt, sometimes in vain, and refuses the other two.
pub async fn emulators_differ(moto: &Moto, ministack: &Ministack) {
    assert_eq!(opinions(moto.address()).await, [200, 400, 400], "moto");
    assert_eq!(opinions(ministack.address()).await, [400, 200, 200], "ministack");
}
