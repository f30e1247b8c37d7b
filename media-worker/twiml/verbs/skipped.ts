/** Verbs of Twilio or Kazoo that this version skips with a warning, and what they would do. */
export const SKIPPED_VERBS: Readonly<Record<string, string>> = {
  AiSession: 'a conversation held by an AI agent',
  Connect: 'audio streams in both directions',
  Echo: 'an echo test',
  Message: 'text messages',
  Pay: 'payments',
  Prompt: 'prompts of payments',
  Sms: 'text messages',
  Start: 'audio streams, recordings and transcriptions beside the call',
  Stop: 'audio streams, recordings and transcriptions beside the call',
};

/** Nouns that are sometimes put directly into `<Response>`, and the verbs that they belong to. */
export const NOUN_VERBS: Readonly<Record<string, string>> = {
  Application: 'Dial',
  Client: 'Dial',
  Conference: 'Dial',
  ConversationRelay: 'Connect',
  Device: 'Dial',
  Number: 'Dial',
  Parameter: 'Start',
  Queue: 'Dial',
  Sim: 'Dial',
  Sip: 'Dial',
  Siprec: 'Start',
  Stream: 'Start',
  Task: 'Enqueue',
  Transcription: 'Start',
  User: 'Dial',
  Variable: 'Set',
  WhatsApp: 'Dial',
};
