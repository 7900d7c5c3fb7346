//! What a worker asks of a renderer. The worker is trusted; a renderer still ends well whatever comes.
use minilab_protos::renderer::{Request, request::Body};
use minilab_recipe::{Limits, Plan, Survey};
use prost::Message as _;
use serde::{Serialize, de::DeserializeOwned};

/// What is read is what would be written, and so are the documents within.
pub fn run(input: &[u8]) {
    let Ok(request) = Request::decode(input) else {
        return;
    };
    assert_eq!(Request::decode(&*request.encode_to_vec()).as_ref(), Ok(&request));
    match request.body {
        Some(Body::Open(open)) => settled::<Limits>(&open.limits_json),
        Some(Body::Survey(asked)) => settled::<Survey>(&asked.survey_json),
        Some(Body::Render(render)) => settled::<Plan>(&render.plan_json),
        Some(Body::Close(_)) | None => {}
    }
}

fn settled<T: DeserializeOwned + Serialize>(text: &str) {
    let Ok(value) = serde_json::from_str::<T>(text) else {
        return;
    };
    let once = serde_json::to_string(&value).expect("what was read can be written");
    let again: T = serde_json::from_str(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
    assert_eq!(serde_json::to_string(&again).expect("as before"), once);
}
