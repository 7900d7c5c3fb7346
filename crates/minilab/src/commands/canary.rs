//! `minilab canary`: uploads a tiny picture, waits for its manifest, deletes the picture and waits until that is noticed. What a front
//! end sees of an upload, seen through the whole installation.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use minilab_protos::manifest::{Manifest, Status};
use minilab_recipe::Decision;
use minilab_record::Projector;
use minilab_store::{Condition, ETag, Key, PutOptions, Sha256, Store, StoreExt as _};
use serde_json::json;

use crate::{
    cli,
    compose::{Named, Places, files_made_before, originals},
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
    units::count,
};

/// 64 x 48 pixels, made by a program.
const PICTURE: &[u8] = include_bytes!("canary.jpg");
/// What it says of itself, before what tells one run from another.
const COMMENT: &[u8] = b"minilab canary ";
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// A manifest names at most a few hundred files.
const BYTES_MAX: usize = 16 << 20;

/// What is looked at.
struct Sight {
    originals: Arc<dyn Store>,
    files: Arc<dyn Store>,
    key: Key,
    manifest: Key,
    within: Duration,
}

pub async fn run(args: &cli::Canary, form: Form) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    if matches!(config.document.decide(&args.key), Decision::Nothing) {
        let sentence = format!(
            "no rule of the configuration takes {:?}, so nothing would be made of it",
            args.key
        );
        return Err(Refusal::new(Exit::Config, sentence, "name a key that a rule takes by --key").into());
    }
    let places = Places::of(&config)?;
    let sight = Sight {
        originals: originals(&places.from).await?,
        files: files_made_before(&places.to).await?,
        key: Key::new(args.key.clone()).context("no original can have that key")?,
        manifest: Key::new(Projector::manifest_key(&args.key)).context("no original can have that key")?,
        within: args.within,
    };
    let picture = Bytes::from(picture(&fastrand::u64(..).to_string()));
    let begun = Instant::now();
    sight.upload(&places, picture.clone()).await?;
    let made = sight.made(&Sha256::of(&picture).to_string(), begun).await;
    // Whatever came of it, the picture goes.
    let deleted = sight.originals.delete(&sight.key).await;
    let (files, made) = made?;
    deleted.context("the picture of the canary cannot be deleted")?;
    let begun = Instant::now();
    let gone = sight.gone(begun).await?;
    speech::result(
        form,
        || {
            let files = count(files, "file");
            format!(
                "{}: {files} after {made:?}, its deletion noticed after {gone:?}",
                args.key
            )
        },
        || {
            json!({
                "canary": args.key, "files": files,
                "made_ms": made.as_millis() as u64, "gone_ms": gone.as_millis() as u64,
            })
        },
    )?;
    Ok(Exit::Ok)
}

/// The picture with a comment, so that its content is new to the installation.
fn picture(unique: &str) -> Vec<u8> {
    let (start, rest) = PICTURE.split_at(2);
    let comment = [COMMENT, unique.as_bytes()].concat();
    let length = (comment.len() as u16 + 2).to_be_bytes();
    [start, &[0xff, 0xfe], &length, &comment, rest].concat()
}

fn is_canary(content: &[u8]) -> bool {
    content
        .get(6..)
        .is_some_and(|content| content.starts_with(COMMENT))
}

impl Sight {
    /// What an earlier canary left is replaced, what anybody else has put there is not.
    async fn upload(&self, places: &Places, picture: Bytes) -> Result<()> {
        let condition = match self.originals.get_bytes(&self.key, PICTURE.len() * 2).await {
            Ok((head, content)) if is_canary(&content) => Condition::Match(head.etag),
            Err(error) if error.is_not_found() => Condition::Absent,
            Ok(_) | Err(minilab_store::Error::TooLarge { .. }) => {
                let sentence = format!(
                    "{} is there in {}, and no canary of ours",
                    self.key,
                    Named(&places.from)
                );
                let fix = "name a key that nobody uses by --key";
                return Err(Refusal::new(Exit::Config, sentence, fix).into());
            }
            Err(error) => return Err(error.into()),
        };
        let options = PutOptions {
            condition,
            content_type: Some("image/jpeg".to_owned()),
            ..PutOptions::default()
        };
        let put: Result<ETag, _> = self.originals.put(&self.key, picture, options).await;
        put.context("the picture of the canary cannot be uploaded")
            .map(drop)
    }

    /// How many files there are, and after how long, once all of this upload are.
    async fn made(&self, sha256: &str, begun: Instant) -> Result<(usize, Duration)> {
        self.until(begun, "made", |manifest| {
            let is_ours = manifest.original.sha256.as_deref() == Some(sha256);
            let is_settled = is_ours && manifest.pending.is_empty();
            if is_settled && manifest.status != Status::Complete {
                let whys = manifest.failures.iter().map(|failure| failure.sentence.as_str());
                let whys: Vec<_> = whys.collect();
                let fix =
                    "the recipe that takes this key cannot make what it asks of a picture of 64 x 48 pixels";
                let sentence = format!("not everything could be made: {}", whys.join("; "));
                return Err(Refusal::new(Exit::SomeFailed, sentence, fix).into());
            }
            let files = manifest
                .derivatives
                .values()
                .map(|derivative| derivative.files.len());
            Ok(is_settled.then(|| files.sum()))
        })
        .await
    }

    async fn gone(&self, begun: Instant) -> Result<Duration> {
        let gone = self.until(begun, "noticed to be deleted", |manifest| {
            Ok((manifest.status == Status::Deleted).then_some(()))
        });
        gone.await.map(|((), after)| after)
    }

    /// Looks at the manifest until it says what is wanted.
    async fn until<T>(
        &self,
        begun: Instant,
        what: &str,
        wanted: impl Fn(&Manifest) -> Result<Option<T>>,
    ) -> Result<(T, Duration)> {
        loop {
            match self.files.get_bytes(&self.manifest, BYTES_MAX).await {
                Ok((_, body)) => {
                    let manifest = serde_json::from_slice(&body)
                        .with_context(|| format!("{} cannot be read as a manifest", self.manifest))?;
                    if let Some(found) = wanted(&manifest)? {
                        return Ok((found, begun.elapsed()));
                    }
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error.into()),
            }
            if begun.elapsed() >= self.within {
                let sentence = format!("{} is not {what} within {:?}", self.key, self.within);
                let fix = "`minilab doctor` tells what does not work; /readyz of dispatchers and workers says what they wait for";
                return Err(Refusal::new(Exit::Temporary, sentence, fix).into());
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_canary_is_a_picture_of_its_own_and_known_again() {
        let (one, other) = (picture("1"), picture("2"));
        assert_ne!(one, other);
        for picture in [&one, &other] {
            assert!(is_canary(picture));
            assert!(picture.starts_with(&[0xff, 0xd8, 0xff, 0xfe]) && picture.ends_with(&[0xff, 0xd9]));
        }
        assert!(!is_canary(PICTURE) && !is_canary(b""));
    }
}
