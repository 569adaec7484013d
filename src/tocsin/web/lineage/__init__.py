"""Events of OpenLineage, which any producer may send: their runs are watched as others are."""
