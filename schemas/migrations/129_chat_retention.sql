-- What is removed by age is found by age.
CREATE INDEX conversations_deleted ON chat.conversations (deleted_at) WHERE deleted_at IS NOT NULL;
