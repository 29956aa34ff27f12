package main

// queryCodes are the codes that errors of sqs had in awsQuery, by shape; clients still get them, in the
// header X-Amzn-Query-Error. botocore's model of sqs leaves them out. AWS's own model has them as the trait
// aws.protocols#awsQueryError, which a test of lab/wire compares with the table by way of the Go SDK's schemas.
// A shape that is not here has no code but its name.
var queryCodes = map[string]map[string]string{
	"sqs": {
		"BatchEntryIdsNotDistinct":     "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
		"BatchRequestTooLong":          "AWS.SimpleQueueService.BatchRequestTooLong",
		"EmptyBatchRequest":            "AWS.SimpleQueueService.EmptyBatchRequest",
		"InvalidBatchEntryId":          "AWS.SimpleQueueService.InvalidBatchEntryId",
		"KmsAccessDenied":              "KMS.AccessDeniedException",
		"KmsDisabled":                  "KMS.DisabledException",
		"KmsInvalidKeyUsage":           "KMS.InvalidKeyUsageException",
		"KmsInvalidState":              "KMS.InvalidStateException",
		"KmsNotFound":                  "KMS.NotFoundException",
		"KmsOptInRequired":             "KMS.OptInRequired",
		"KmsThrottled":                 "KMS.ThrottlingException",
		"MessageNotInflight":           "AWS.SimpleQueueService.MessageNotInflight",
		"PurgeQueueInProgress":         "AWS.SimpleQueueService.PurgeQueueInProgress",
		"QueueDeletedRecently":         "AWS.SimpleQueueService.QueueDeletedRecently",
		"QueueDoesNotExist":            "AWS.SimpleQueueService.NonExistentQueue",
		"QueueNameExists":              "QueueAlreadyExists",
		"TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
		"UnsupportedOperation":         "AWS.SimpleQueueService.UnsupportedOperation",
	},
}

// addQueryCodes gives the table's error shapes their codes; a shape that the model lacks is a defect of the
// list and named in the answer.
func addQueryCodes(signingName string, m *model) (missing []string) {
	for name, code := range queryCodes[signingName] {
		s := m.Shapes[name]
		if s == nil || !s.Exception {
			missing = append(missing, name)
			continue
		}
		s.queryCode = code
	}
	return missing
}
