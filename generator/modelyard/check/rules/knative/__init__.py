"""Rules that Knative's own webhook has for its Services, Routes and what stands in their pods."""
