"""What earlier versions of compliance's events did not tell."""

from qenex.kernel.upcasting import grown

grown("compliance.erasure.asked", 1, "asked_by", "asked_at")
grown("compliance.subject.erased", 1, "asked_by", "done_by", "done_at")
grown("compliance.hold.placed", 1, "placed_by", "placed_at")
grown("compliance.hold.lifted", 1, "by", "at")
grown("compliance.retention.changed", 1, "version")
grown("compliance.tamperalarm.raised", 1, "found_at")
grown("compliance.tamperalarm.closed", 1, "proposal", "closed_at")
grown("compliance.check.requested", 1, "by", "at")
grown("compliance.check.started", 1, "at")
grown("compliance.check.finished", 1, "at")
