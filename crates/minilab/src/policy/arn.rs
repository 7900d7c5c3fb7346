//! Names of AWS: of buckets and objects, of keys, of queues.
use minilab_recipe::{S3, SqsService};

/// Whose queues and keys; `None`: nobody knows, so any account's that the caller's own policies allow anyway.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account<'a>(pub(super) Option<&'a str>);

impl Account<'_> {
    fn as_str(&self) -> &str {
        self.0.unwrap_or("*")
    }
}

/// The bucket itself, or the access point that stands for it.
pub(super) fn bucket(bucket: &S3) -> String {
    if bucket.bucket.starts_with("arn:") {
        return bucket.bucket.clone();
    }
    let partition = partition(bucket.region.as_deref());
    format!("arn:{partition}:s3:::{}", bucket.bucket)
}

/// Objects in it whose keys in the store match.
pub(super) fn objects(of: &S3, keys: &str) -> String {
    // Behind an access point, objects have a name of their own.
    let objects = if of.bucket.starts_with("arn:") {
        "/object"
    } else {
        ""
    };
    format!("{}{objects}/{}{keys}", bucket(of), literal(&of.prefix))
}

/// The key that encrypts its objects. An alias is no resource: keys it stands for are chosen by a condition.
pub(super) fn kms_key(bucket: &S3, key: &str) -> String {
    if key.starts_with("arn:") && !key.contains(":alias/") {
        return key.to_owned();
    }
    let id = if key.contains("alias/") { "*" } else { key };
    let region = bucket.region.as_deref();
    format!(
        "arn:{}:kms:{}:*:key/{id}",
        partition(region),
        region.unwrap_or("*")
    )
}

/// As S3 of the bucket's region calls itself when it uses a key for somebody.
pub(super) fn via_s3(bucket: &S3) -> String {
    let region = bucket.region.as_deref();
    let domain = match partition(region) {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    format!("s3.{}.{domain}", region.unwrap_or("*"))
}

/// A queue by its name or its address.
pub(super) fn queue(service: &SqsService, account: Account<'_>, named: &str) -> String {
    let mut segments = named.rsplit('/');
    let name = segments.next().unwrap_or(named);
    // https://sqs.REGION.amazonaws.com/ACCOUNT/NAME says both.
    let account = segments
        .next()
        .filter(|id| is_account(id))
        .unwrap_or(account.as_str());
    let told = named
        .split_once("://sqs.")
        .and_then(|(_, rest)| rest.split_once(".amazonaws."));
    let region = told.map(|(region, _)| region).or(service.region.as_deref());
    format!(
        "arn:{}:sqs:{}:{account}:{name}",
        partition(region),
        region.unwrap_or("*")
    )
}

/// Another queue of the same owner in the same region.
pub(super) fn beside(queue: &str, name: &str) -> String {
    let (owner, _) = queue.rsplit_once(':').unwrap_or((queue, ""));
    format!("{owner}:{name}")
}

/// Twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// A prefix byte for byte: where it holds what a policy takes for a pattern or a variable, that is written as a variable.
pub(super) fn literal(prefix: &str) -> String {
    let escaped = prefix.chars().map(|c| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        c => c.to_string(),
    });
    escaped.collect()
}
