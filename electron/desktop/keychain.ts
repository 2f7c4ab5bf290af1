import { safeStorage } from 'electron';
import type { Keychain } from '../connections/credentials/credential-store.ts';

/**
 * The system's keychain: Keychain on macOS, DPAPI on Windows, libsecret or KWallet on Linux. Electron's backend `basic_text`
 * is not used because its key is public. Must be called after the app is ready.
 */
export async function systemKeychain(): Promise<Keychain> {
  const refusal = await unavailableReason();
  return {
    ...(refusal === undefined ? {} : { refusal }),
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    decrypt: async (encrypted) => (await safeStorage.decryptStringAsync(encrypted)).result,
  };
}

async function unavailableReason(): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const backend = safeStorage.getSelectedStorageBackend();
    if (backend === 'basic_text' || backend === 'unknown') {
      return 'This desktop has no keyring (libsecret or KWallet), so secrets cannot be stored encrypted.';
    }
  }
  return (await safeStorage.isAsyncEncryptionAvailable())
    ? undefined
    : "The system's keychain is locked or missing, so secrets cannot be stored encrypted.";
}
