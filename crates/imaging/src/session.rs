//! One original being rendered: the trunk, the nodes that are still needed, and the files encoded from them.
use std::cell::RefCell;
use std::time::{Duration, Instant};

use minilab_inspect as inspect;
use minilab_recipe::{Keep, Note, OutputFormat, Plan, PlannedFile, Probe, Size, Source};

use crate::analysis::{self, Analyses};
use crate::atelier::Atelier;
use crate::carried::Carried;
use crate::decoded::{self, Decoded};
use crate::encode::{self, Encoded, Profile, Timing};
use crate::picture::Picture;
use crate::score::Reference;
use crate::search::{self, Found, Trial};
use crate::vips::{Blob, Call, Image};
use crate::{Engine, Error, Result, flat, steps};

/// A decoded original and its plan. Images are made when a file first needs them and dropped after the last.
pub struct Session<'a> {
    plan: &'a Plan,
    bytes: &'a [u8],
    probe: Probe,
    /// The decoded original, and the further pages once they are needed.
    trunks: Vec<Trunk<'a>>,
    nodes: Vec<Option<Picture<'a>>>,
    /// What each node and those before it had to tell.
    notes: Vec<Vec<Note>>,
    atelier: Atelier<'a>,
    needs: Needs,
    wanted: Vec<bool>,
    decodes: u32,
    decoding: Duration,
}

impl Engine {
    /// Decodes an original once, for the files of the plan with these indexes, in any order.
    ///
    /// `probe` is what [`Engine::probe`] said of the same bytes.
    pub fn open<'a>(
        &self,
        bytes: &'a [u8],
        probe: &Probe,
        plan: &'a Plan,
        files: &[usize],
    ) -> Result<Session<'a>> {
        self.decode(bytes, probe, &plan.decode)?.open(plan, files)
    }
}

impl<'a> Decoded<'a> {
    /// Begins to make these files of the plan, in any order. The plan must be one for what was decoded.
    pub fn open(self, plan: &'a Plan, files: &[usize]) -> Result<Session<'a>> {
        if self.decode != plan.decode {
            return Err(Error::internal(
                "the original is decoded otherwise than the plan says",
            ));
        }
        let mut wanted = vec![false; plan.files.len()];
        for &file in files {
            *wanted
                .get_mut(file)
                .ok_or_else(|| Error::internal(format!("the plan has no file {file}")))? = true;
        }
        let needs = Needs::count(plan, &wanted)?;
        let mut trunks: Vec<_> = (0..=plan.further.len()).map(|_| Trunk::default()).collect();
        trunks[0] = Trunk {
            picture: Some(self.picture),
            carried: self.carried,
            decoded: true,
        };
        Ok(Session {
            plan,
            bytes: self.bytes,
            probe: self.probe,
            trunks,
            nodes: (0..plan.nodes.len()).map(|_| None).collect(),
            notes: vec![Vec::new(); plan.nodes.len()],
            atelier: Atelier::new(),
            needs,
            wanted,
            decodes: 0,
            decoding: Duration::ZERO,
        })
    }
}

impl<'a> Session<'a> {
    /// Takes a picture that the plan's steps name by this SHA-256 (hex). To be lent before the first file that needs it.
    pub fn lend(&mut self, engine: &Engine, sha256: &str, bytes: &'a [u8]) {
        self.atelier.lend(engine, sha256, bytes);
    }

    /// How often something was decoded since: each further page that was needed, once.
    pub fn decodes(&self) -> u32 {
        self.decodes
    }

    /// How long that took, with the way to the trunk.
    pub fn decoding(&self) -> Duration {
        self.decoding
    }

    /// Pictures held in memory now, the trunk included.
    pub fn levels(&self) -> usize {
        let trunks = self.trunks.iter().filter(|trunk| trunk.picture.is_some());
        self.nodes.iter().flatten().count() + trunks.count()
    }

    /// What is derived from the trunk besides files. Must come before the last file.
    pub fn analyse(&self) -> Result<Analyses> {
        let trunk = self.trunks[0].picture.as_ref().ok_or_else(gone)?;
        analysis::analyse(trunk.first(), &self.plan.analyses)
    }

    /// Makes one file. Each can be made once.
    pub fn encode(&mut self, file: usize) -> Result<Encoded> {
        let planned = self.take_wanted(file)?;
        let started = Instant::now();
        let picture = self.level(planned.from)?;
        check_size(&picture, planned.size, || format!("file {file}"))?;
        if picture.frames() != planned.frames {
            return Err(Error::internal(format!(
                "file {file} came out with {} frames where the plan says {}",
                picture.frames(),
                planned.frames
            )));
        }
        let steps = started.elapsed();
        let found = self.write(&picture, planned)?;
        drop(picture);
        self.release(planned.from);
        let timing = Timing {
            steps,
            encode: started.elapsed().saturating_sub(steps),
        };
        Ok(Encoded {
            bytes: found.file,
            size: planned.size,
            quality: (!planned.aim.is_none()).then_some(found.quality),
            score: found.score,
            timing,
            notes: match planned.from {
                Source::Trunk | Source::Page(_) => found.notes,
                Source::Node(index) => [&self.notes[index][..], &found.notes].concat(),
            },
        })
    }

    fn take_wanted(&mut self, file: usize) -> Result<&'a PlannedFile> {
        if self.wanted.get_mut(file).is_some_and(std::mem::take) {
            return Ok(&self.plan.files[file]);
        }
        Err(Error::internal(format!(
            "file {file} was not announced to the session, or was made before"
        )))
    }

    fn write(&self, picture: &Picture<'a>, file: &PlannedFile) -> Result<Found<Blob>> {
        let format = file.encoding.format();
        let strip = picture.strip().map_err(Error::computing)?;
        let mut ready = match file.flatten {
            Some(colour) if strip.has_alpha() && !file.encoding.has_alpha() => {
                steps::flatten(&strip, colour).map_err(Error::computing)?
            }
            _ => strip,
        };
        encode::check_alpha(&ready, &file.encoding)?;
        if let Some(dpi) = file.written.dpi {
            // libvips counts by the millimetre.
            let density = f64::from(dpi) / 25.4;
            let told = Call::new(c"copy")
                .set(c"in", &ready)
                .set(c"xres", density)
                .set(c"yres", density);
            ready = told.image().map_err(Error::computing)?;
        }
        let carried = &self.trunks[self.root(file.from)].carried;
        carried.dress(&mut ready, file.keep, &file.written);
        // What is written needs the blocks of EXIF and XMP, whatever of the original's is kept.
        let credited = file.written.texts().next().is_some();
        let keep = Keep {
            copyright: file.keep.copyright || !file.written.is_none(),
            xmp: file.keep.xmp || credited,
            iptc: file.keep.iptc && format == OutputFormat::Jpeg,
            ..file.keep
        };
        let profile = carried.profile(file.keep);
        let trial = Encoder {
            image: &ready,
            file,
            keep,
            profile,
            reference: RefCell::new(None),
        };
        let found = match file.encoding.quality() {
            Some(start) if !file.aim.is_none() => search::search(&trial, file.aim, start)?,
            quality => {
                let found = Found {
                    file: trial.encode(quality.unwrap_or_default())?,
                    quality: quality.unwrap_or_default(),
                    score: None,
                    notes: Vec::new(),
                };
                flat::shorter(found, picture, &ready, &file.encoding, keep, profile)?
            }
        };
        let allowed = inspect::allowed(self.plan, file);
        inspect::check(&found.file, format, allowed).map_err(|what| Error::Leak { format, what })?;
        Ok(found)
    }

    /// A trunk; that of a further page is decoded when it is first needed.
    fn trunk(&mut self, trunk: usize) -> Result<Picture<'a>> {
        if !self.trunks[trunk].decoded {
            let decoded = decoded::decode(self.bytes, &self.probe, &self.plan.further[trunk - 1])?;
            self.decodes += 1;
            self.decoding += decoded.took();
            self.trunks[trunk] = Trunk {
                picture: Some(decoded.picture),
                carried: decoded.carried,
                decoded: true,
            };
        }
        self.trunks[trunk].picture.clone().ok_or_else(gone)
    }

    /// Which trunk something is made from.
    fn root(&self, source: Source) -> usize {
        match source {
            Source::Trunk => 0,
            Source::Page(further) => further + 1,
            Source::Node(index) => self.root(self.plan.nodes[index].from),
        }
    }

    /// The image of a source, made on the first use.
    fn level(&mut self, source: Source) -> Result<Picture<'a>> {
        let index = match source {
            Source::Trunk => return self.trunk(0),
            Source::Page(further) => return self.trunk(further + 1),
            Source::Node(index) => index,
        };
        if let Some(made) = &self.nodes[index] {
            return Ok(made.clone());
        }
        let node = &self.plan.nodes[index];
        let parent = self.level(node.from)?;
        let picture = parent
            .apply(&node.steps, &mut self.atelier)?
            .in_memory_from(&parent)
            .map_err(Error::computing)?;
        let mut notes = match node.from {
            Source::Trunk | Source::Page(_) => Vec::new(),
            Source::Node(parent) => self.notes[parent].clone(),
        };
        notes.extend(self.atelier.take_notes());
        self.notes[index] = notes;
        check_size(&picture, node.size, || format!("node {index}"))?;
        drop(parent);
        self.nodes[index] = Some(picture.clone());
        self.release(node.from);
        Ok(picture)
    }

    /// One need of a source is met; the last one frees its pixels.
    fn release(&mut self, source: Source) {
        if self.needs.met(source) {
            match source {
                Source::Trunk => self.trunks[0].picture = None,
                Source::Page(further) => self.trunks[further + 1].picture = None,
                Source::Node(index) => self.nodes[index] = None,
            }
        }
    }
}

/// A decoded picture, while something is still to be made from it.
#[derive(Default)]
struct Trunk<'a> {
    picture: Option<Picture<'a>>,
    carried: Carried,
    decoded: bool,
}

fn gone() -> Error {
    Error::internal("the trunk is gone: everything announced was made")
}

/// A file's encoder, told a quality.
struct Encoder<'e, 'a> {
    image: &'e Image<'a>,
    file: &'e PlannedFile,
    keep: Keep,
    profile: Profile,
    /// Made when something is compared.
    reference: RefCell<Option<Reference>>,
}

impl Trial for Encoder<'_, '_> {
    type File = Blob;

    fn encode(&self, quality: u8) -> Result<Blob> {
        let encoding = self.file.encoding.at_quality(quality);
        encode::write(self.image, &encoding, self.keep, self.profile)
    }

    fn score(&self, file: &Blob) -> Result<f64> {
        let mut reference = self.reference.borrow_mut();
        if reference.is_none() {
            *reference = Some(Reference::new(self.image)?);
        }
        let reference = reference.as_ref().expect("it was made above");
        reference.score(file, self.file.encoding.format())
    }
}

fn check_size(picture: &Picture<'_>, planned: Size, what: impl FnOnce() -> String) -> Result<()> {
    let Size { width, height } = planned;
    let image = picture.first();
    if (image.width(), image.height()) == (width, height) {
        return Ok(());
    }
    let (made, tall) = (image.width(), image.height());
    Err(Error::internal(format!(
        "{} came out as {made} x {tall} where the plan says {width} x {height}",
        what()
    )))
}

/// How many files and nodes still need each image.
struct Needs {
    trunks: Vec<usize>,
    nodes: Vec<usize>,
}

impl Needs {
    fn count(plan: &Plan, wanted: &[bool]) -> Result<Self> {
        let mut needs = Self {
            trunks: vec![0; plan.further.len() + 1],
            nodes: vec![0; plan.nodes.len()],
        };
        for (file, _) in plan.files.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
            needs.add(file.from)?;
        }
        // Parents come first, so all needs of a node are known when it is reached from the end.
        for (index, node) in plan.nodes.iter().enumerate().rev() {
            if matches!(node.from, Source::Node(parent) if parent >= index) {
                return Err(Error::internal(format!(
                    "node {index} of the plan comes before what it is made from"
                )));
            }
            if needs.nodes[index] > 0 {
                needs.add(node.from)?;
            }
        }
        Ok(needs)
    }

    fn of(&mut self, source: Source) -> Option<&mut usize> {
        match source {
            Source::Trunk => self.trunks.first_mut(),
            Source::Page(further) => self.trunks.get_mut(further + 1),
            Source::Node(index) => self.nodes.get_mut(index),
        }
    }

    fn add(&mut self, source: Source) -> Result<()> {
        *self
            .of(source)
            .ok_or_else(|| Error::internal("the plan refers to a node that it does not have"))? += 1;
        Ok(())
    }

    /// Takes one off; is nothing left?
    fn met(&mut self, source: Source) -> bool {
        let left = self.of(source).expect("every source was counted");
        *left = left.saturating_sub(1);
        *left == 0
    }
}
