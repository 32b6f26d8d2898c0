module eco2/platform/cluster/local/tools/pause

go 1.26
