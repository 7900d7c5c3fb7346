//! From a request to what IAM is asked: which action, on what.
use std::collections::BTreeMap;

use minilab_tests::proxy::Request;
use serde_json::Value;

use super::iam::Wish;

/// Whoever owns the queues of the tests.
pub const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

/// Whose request it is.
pub fn access_key(request: &Request) -> Option<String> {
    let authorization = request.header("authorization")?;
    let (_, rest) = authorization.split_once("Credential=")?;
    Some(rest.split('/').next()?.to_owned())
}

/// All that must be allowed for it; of a request that nobody foresaw, its own line as the action.
pub fn wishes(request: &Request, body: &[u8]) -> Vec<Wish> {
    if let Some(target) = request.header("x-amz-target") {
        return vec![of_queue(target, body)];
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = decoded(path.trim_start_matches('/'));
    let parameters: BTreeMap<String, String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    match path.trim_end_matches('/').split_once('/') {
        None => vec![of_bucket(request, path.trim_end_matches('/'), &parameters)],
        Some((bucket, _)) => of_object(request, &path, bucket, &parameters),
    }
}

/// What S3 asks before it says that an object is not there.
pub fn seeing_absence(request: &Request) -> Option<Wish> {
    let path = request.path.split('?').next().unwrap_or_default();
    let (bucket, _) = path.trim_start_matches('/').split_once('/')?;
    let reads = matches!(request.method.as_str(), "GET" | "HEAD");
    reads.then(|| wish("s3:ListBucket", format!("arn:aws:s3:::{bucket}")))
}

fn of_bucket(request: &Request, bucket: &str, parameters: &BTreeMap<String, String>) -> Wish {
    let has = |name: &str| parameters.contains_key(name);
    let action = match request.method.as_str() {
        "GET" if has("notification") => "s3:GetBucketNotification",
        "PUT" if has("notification") => "s3:PutBucketNotification",
        "GET" if has("list-type") => "s3:ListBucket",
        "HEAD" => "s3:ListBucket",
        _ => return unforeseen(request),
    };
    let mut wish = wish(action, format!("arn:aws:s3:::{bucket}"));
    if let Some(prefix) = parameters.get("prefix") {
        wish.context.insert("s3:prefix".to_owned(), prefix.clone());
    }
    wish
}

fn of_object(
    request: &Request,
    path: &str,
    bucket: &str,
    parameters: &BTreeMap<String, String>,
) -> Vec<Wish> {
    let is_plain = parameters.keys().all(|name| name == "x-id");
    let action = match request.method.as_str() {
        "GET" | "HEAD" if is_plain => "s3:GetObject",
        "GET" if parameters.contains_key("tagging") => "s3:GetObjectTagging",
        "PUT" if is_plain && request.header("x-amz-copy-source").is_none() => "s3:PutObject",
        "DELETE" if is_plain => "s3:DeleteObject",
        _ => return vec![unforeseen(request)],
    };
    let mut wishes = vec![wish(action, format!("arn:aws:s3:::{path}"))];
    if let Some(key) = request.header("x-amz-server-side-encryption-aws-kms-key-id") {
        let mut encrypts = wish(
            "kms:GenerateDataKey",
            format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"),
        );
        let service = format!("s3.{REGION}.amazonaws.com");
        encrypts.context.insert("kms:ViaService".to_owned(), service);
        encrypts.context.insert("bucket".to_owned(), bucket.to_owned());
        wishes.push(encrypts);
    }
    wishes
}

fn of_queue(target: &str, body: &[u8]) -> Wish {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let named = body["QueueUrl"].as_str().or_else(|| body["QueueName"].as_str());
    let queue = named.unwrap_or("*").rsplit('/').next().unwrap_or_default();
    wish(
        &format!("sqs:{action}"),
        format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
    )
}

fn wish(action: &str, resource: String) -> Wish {
    Wish {
        action: action.to_owned(),
        resource,
        context: BTreeMap::new(),
    }
}

fn unforeseen(request: &Request) -> Wish {
    wish(&format!("{} {}", request.method, request.path), String::new())
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let pair = (byte == b'%').then(|| [rest.next(), rest.next()]);
        match pair {
            Some([Some(high), Some(low)]) => {
                let digits = String::from_utf8(vec![high, low]).unwrap();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            Some(_) => panic!("{text:?} is cut off"),
            None => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}
