"""What `modelyard monitor demo` is made of: a database, a model, and three weeks of calls whose third is different."""
