"""Generated sidecars: as much XMP as a test of keywords needs."""

from __future__ import annotations

DC, LR = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/lightroom/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def xmp(body: str = "", attributes: str = "", spaces: str = "") -> bytes:
    """Return a sidecar with a label, and what else it is to hold."""
    return f"""<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{RDF}">
  <rdf:Description rdf:about=""
    xmlns:dc="{DC}" xmlns:lr="{LR}" xmlns:xmp="http://ns.adobe.com/xap/1.0/"{spaces} {attributes}>
   <xmp:Label>Red</xmp:Label>{body}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
""".encode()
