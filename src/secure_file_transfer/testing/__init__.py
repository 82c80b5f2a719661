"""The test kit: contract suites, fakes and fault injectors for every port. Product code never imports it."""
