"""Layers and the layout of an OCI image, byte by byte the same for the same content: sorted, dated by one moment, owned by root.

What stays the same from release to release goes into layers of its own, so that nodes fetch it once.
"""
import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import PurePosixPath

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass
class Tree:
    """What a layer adds, by path without a leading slash."""
    says: str
    entries: dict = field(default_factory=dict)

    def file(self, path, content, mode=0o644):
        self._put(path, tarfile.REGTYPE, mode, content=content)

    def link(self, path, target):
        self._put(path, tarfile.SYMTYPE, 0o777, target=target)

    def folder(self, path, mode=0o755):
        self._put(path, tarfile.DIRTYPE, mode)

    def _put(self, path, kind, mode, content=b"", target=""):
        for parent in list(PurePosixPath(path).parents)[:-1]:
            self.entries.setdefault(str(parent), (tarfile.DIRTYPE, 0o755, b"", ""))
        self.entries[path] = (kind, mode, content, target)

    def write(self, folder):
        """The same as files below a folder, where trees before it may have put theirs."""
        folder.mkdir(parents=True, exist_ok=True)
        for path, (kind, mode, content, target) in sorted(self.entries.items()):
            place = folder / path
            if kind == tarfile.SYMTYPE:
                place.symlink_to(target)
            elif kind == tarfile.DIRTYPE:
                place.mkdir(exist_ok=True)
                place.chmod(mode)
            else:
                place.write_bytes(content)
                place.chmod(mode)

    def tar(self, moment):
        return tar(((path, *entry) for path, entry in sorted(self.entries.items())), moment)


def tar(entries, moment):
    """The bytes of an archive of (path, kind, mode, content, target)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, kind, mode, content, target in entries:
            member = tarfile.TarInfo(path)
            member.type, member.mode, member.linkname = kind, mode, target
            member.mtime, member.size = moment, len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def digest(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Layout:
    """The blobs of one image."""

    def __init__(self, moment, created):
        self.moment, self.created = moment, created
        self.blobs, self.layers, self.ids, self.history = {}, [], [], []

    def _blob(self, kind, content):
        self.blobs[digest(content)] = content
        return {"mediaType": kind, "digest": digest(content), "size": len(content)}

    def add(self, tree):
        """Adds a layer and returns its size as it is fetched and as it is unpacked."""
        plain = tree.tar(self.moment)
        packed = gzip.compress(plain, compresslevel=6, mtime=0)
        self.layers.append(self._blob(LAYER, packed))
        self.ids.append(digest(plain))
        self.history.append({"created": self.created, "created_by": tree.says})
        return len(packed), sum(len(content) for _, _, content, _ in tree.entries.values())

    def finish(self, architecture, config, labels, tag):
        """The archive and the digest of its manifest, by which it is pulled and signed."""
        config = self._blob(CONFIG, _json({
            "created": self.created, "architecture": architecture, "os": "linux", "config": {**config, "Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": self.ids}, "history": self.history}))
        manifest = self._blob(MANIFEST, _json({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": self.layers, "annotations": labels}))
        named = {**manifest, "platform": {"architecture": architecture, "os": "linux"},
                 "annotations": {"org.opencontainers.image.ref.name": tag}}
        files = {f"blobs/sha256/{name.removeprefix('sha256:')}": content for name, content in self.blobs.items()}
        files["index.json"] = _json({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [named]})
        files["oci-layout"] = _json({"imageLayoutVersion": "1.0.0"})
        entries = ((path, tarfile.REGTYPE, 0o644, content, "") for path, content in sorted(files.items()))
        return tar(entries, self.moment), manifest["digest"]


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
