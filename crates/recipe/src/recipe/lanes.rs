//! Which lanes a recipe uses, and the digest that tells whether a lane is current.
use std::collections::BTreeMap;

use serde::Serialize;

use super::{Accept, Derivative, NotAnImage, PagePicture, Publish, Recipe, Urls};
use crate::keys::KeyTemplate;
use crate::{Analysis, ColourSpace, Lane, canonical};

/// What a lane's files depend on, and what is published of them. `replace` is left out: it only says what is shown in between.
#[derive(Serialize)]
struct LaneForm<'a> {
    accept: &'a Accept,
    not_an_image: NotAnImage,
    colour: ColourSpace,
    epoch: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_tags: bool,
    key: &'a KeyTemplate,
    placeholder: &'a [Analysis],
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<Urls>,
    #[serde(skip_serializing_if = "<[Publish]>::is_empty")]
    publish: &'a [Publish],
    #[serde(skip_serializing_if = "Option::is_none")]
    pictures: Option<&'a BTreeMap<String, PagePicture>>,
    derivatives: Vec<Derivative>,
}

impl Recipe {
    /// The lanes it uses, in the order in which they are made; never empty.
    pub fn lanes(&self) -> Vec<Lane> {
        let uses = |lane: &Lane| {
            self.derivatives
                .iter()
                .any(|d| d.encodings.iter().any(|e| e.lane == *lane))
        };
        Lane::ALL.into_iter().filter(uses).collect()
    }

    /// Is this the lane whose attempt also keeps the analyses?
    pub(crate) fn analyses_in(&self, lane: Lane) -> bool {
        self.lanes().first() == Some(&lane)
    }

    /// SHA-256 (hex) of all that the lane's files and failures depend on; the first lane's also covers `placeholder`,
    /// and `urls` and `pictures`, so that aliases and manifests follow them: files are kept then, and projections written anew.
    pub fn lane_digest(&self, lane: Lane) -> String {
        let derivatives = self.derivatives.iter().filter_map(|derivative| {
            let mut part = derivative.clone();
            part.encodings.retain(|encoding| encoding.lane == lane);
            (!part.encodings.is_empty()).then_some(part)
        });
        canonical::digest(
            "lane",
            &LaneForm {
                accept: &self.accept,
                not_an_image: self.not_an_image,
                colour: self.colour,
                epoch: self.epoch,
                read_tags: self.read_tags,
                key: &self.key,
                placeholder: if self.analyses_in(lane) {
                    &self.placeholder
                } else {
                    &[]
                },
                urls: Some(self.urls).filter(|urls| self.analyses_in(lane) && urls.has_stable()),
                publish: if self.analyses_in(lane) {
                    &self.publish
                } else {
                    &[]
                },
                pictures: Some(&self.pictures)
                    .filter(|pictures| self.analyses_in(lane) && !pictures.is_empty()),
                derivatives: derivatives.collect(),
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Document, Lane};

    #[test]
    fn stable_urls_make_the_first_lane_stale_and_no_other() {
        let digests = |urls: &str| {
            let text = format!(
                "version: 1\nfrom: {{ folder: ./a }}\nto: {{ folder: ./b }}\nrules: [{{ recipe: r }}]\nrecipes:\n  r:\n    \
                 urls: {urls}\n    derivatives:\n      \
                 a: {{ resize: {{ width: 8 }}, formats: [jpeg], lane: fast }}\n      \
                 b: {{ resize: {{ width: 8 }}, formats: [jpeg], lane: bulk }}\n"
            );
            let document = Document::parse("minilab.yaml", &text, &|_| None).expect("it is valid");
            let recipe = &document.recipes["r"];
            [Lane::Fast, Lane::Bulk].map(|lane| recipe.lane_digest(lane))
        };
        let ([first, last], [first_stable, last_stable]) = (digests("versioned"), digests("both"));
        assert_ne!(first, first_stable);
        assert_eq!(last, last_stable);
    }
}
