import { safeStorage } from 'electron';
import type { Keychain } from '../connections/credentials/secret-store.ts';

/**
 * The system's keychain: Keychain on macOS, DPAPI on Windows, libsecret or KWallet on Linux. Where Electron would only hide the
 * text under a key that everybody knows (`basic_text`), it is refused. To be called once the app is ready.
 */
export async function systemVault(): Promise<Keychain> {
  const refusal = await refusalOf();
  return {
    ...(refusal === undefined ? {} : { refusal }),
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    decrypt: async (encrypted) => (await safeStorage.decryptStringAsync(encrypted)).result,
  };
}

async function refusalOf(): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const backend = safeStorage.getSelectedStorageBackend();
    if (backend === 'basic_text' || backend === 'unknown') {
      return 'This desktop has no keyring (libsecret or KWallet), so it could only be kept as plain text.';
    }
  }
  return (await safeStorage.isAsyncEncryptionAvailable())
    ? undefined
    : "The system's keychain is locked or missing, so it could only be kept as plain text.";
}
