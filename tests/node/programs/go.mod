module modelyard.dev/node-programs

go 1.26
