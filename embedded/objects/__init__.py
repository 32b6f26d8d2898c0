"""The object store of one machine: presigned PUT and DELETE, public GET and HEAD, images only, files on disk."""
